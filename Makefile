# bikeops.  `make help` lists the goals.

MODE ?= release# debug | asan | tsan | analyze | coverage
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
WERROR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
OUT := $(BUILD)/$(MODE)
BIN := $(OUT)/bikeops
Q := $(if $(V),,@)

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# Flags: those of the list that this compiler has.

STD := -std=gnu17 -D_GNU_SOURCE -Isrc -I.
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wformat=2 -Wformat-signedness -Wwrite-strings -Wcast-qual -Wcast-align=strict -Wpointer-arith -Wundef -Wvla \
	-Wswitch-enum -Wconversion -Warith-conversion -Wdouble-promotion -Wnull-dereference -Wlogical-op -Wduplicated-cond \
	-Wduplicated-branches -Wjump-misses-init -Wimplicit-fallthrough=5 -Walloc-zero -Wunused-macros
FLAGS_debug := -Og -g3
FLAGS_asan := -O1 -g3 -fno-omit-frame-pointer -fsanitize=address,undefined,float-divide-by-zero -fno-sanitize-recover=all
FLAGS_tsan := -O1 -g3 -fsanitize=thread
FLAGS_analyze := -O0 -fanalyzer
FLAGS_coverage := -O0 -g3 --coverage
FLAGS_release := -O2 -g -fstack-protector-strong -fstack-clash-protection -fPIE -fcf-protection -mbranch-protection=standard
LINK_release := -pie -Wl,-z,relro,-z,now

ifeq ($(FLAGS_$(MODE)),)
$(error MODE=$(MODE) is none of release, debug, asan, tsan, analyze, coverage)
endif

PACKAGES := libpq jansson libcrypto libcurl expat zlib talloc ncursesw readline
LIB_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null || echo -I/usr/include/postgresql)
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null || echo -lpq -ljansson -lcrypto -lcurl -lexpat -lz -ltalloc -lncursesw -ltinfo -lreadline) -ldl -pthread

has = $(shell scripts/probe-flags.sh '$(CC)' $(1))
FORTIFY := -U_FORTIFY_SOURCE $(if $(filter release,$(MODE)),$(or $(call has,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2))
MODE_FLAGS := $(call has,$(FLAGS_$(MODE)))
COMPILE := $(CC) $(STD) $(MODE_FLAGS) $(FORTIFY) $(call has,$(WARN)) $(WERROR) $(LIB_CFLAGS:-I%=-isystem %) $(CPPFLAGS) $(CFLAGS)
LINK := $(CC) $(MODE_FLAGS) $(LINK_$(MODE)) $(LDFLAGS)

# The program.

SRC := $(sort $(wildcard src/*.c src/*/*.c ui/*.c))
HEADERS := $(sort $(wildcard src/*/*.h ui/*.h))
SQL := $(sort $(shell find sql -type f -name '*.sql'))
OBJ := $(patsubst %.c,$(OUT)/obj/%.o,$(SRC:src/%=%))
# What setup puts into bucket source, and its keys there.
DEPLOY := $(wildcard deploy/spark/spark_job.py deploy/airflow/requirements.txt)
DEPLOY_spark_job.py := script/spark_job.py
DEPLOY_requirements.txt := ec2/requirements.txt
EMBEDDED := $(OUT)/obj/sql_files.o $(OUT)/obj/deploy_files.o

.PHONY: all FORCE
all: $(BIN) ## build the program: BUILD/MODE/bikeops

$(BIN): $(OBJ) $(EMBEDDED)
	@echo "  LD    $@"
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(OUT)/obj/%.o: src/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(OUT)/obj/ui/%.o: ui/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(EMBEDDED): $(OUT)/obj/%.o: $(BUILD)/gen/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(COMPILE) -Wno-overlength-strings -MMD -MP -c -o $@ $<

$(BUILD)/gen/sql_files.c: $(SQL) $(BUILD)/gen/sql.list scripts/embed.sh
	@echo "  SQL   $@"
	$(Q)scripts/embed.sh sql sql >$@

$(BUILD)/gen/deploy_files.c: $(DEPLOY) $(BUILD)/gen/deploy.list scripts/embed.sh
	@echo "  FILES $@"
	$(Q)scripts/embed.sh deploy $(foreach file,$(DEPLOY),$(DEPLOY_$(notdir $(file)))=$(file)) >$@

# A file that changes only when its text does: what depends on it is then made again.
keep = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
$(BUILD)/gen/sql.list: FORCE
	$(call keep,$(SQL))
$(BUILD)/gen/deploy.list: FORCE
	$(call keep,$(DEPLOY))
$(OUT)/flags: FORCE
	$(call keep,$(COMPILE) $(LINK))
$(OUT)/version: FORCE
	$(call keep,$(VERSION))

VERSION := $(shell cat VERSION)$(shell [ ! -e .git ] || git -c safe.directory='*' describe --always --dirty --exclude '*' 2>/dev/null | sed 's/^/+g/')
VERSIONED := $(patsubst src/%.c,$(OUT)/obj/%.o,$(shell grep -l BIKEOPS_VERSION $(SRC) /dev/null))
$(VERSIONED): $(OUT)/version
$(VERSIONED): private COMPILE += -DBIKEOPS_VERSION='"$(VERSION)"'

# Unit tests: one program per file, with all of src but main.

TESTS := $(sort $(wildcard tests/unit/test_*.c))
UNIT := $(TESTS:tests/unit/%.c=$(OUT)/unit/%)
LIB := $(OUT)/libbikeops.a

.PHONY: unit
unit: $(UNIT) ## run the unit tests in this MODE
	@RUN='$(RUN)' scripts/run-unit.sh $(UNIT)

$(OUT)/unit/%: tests/unit/%.c $(LIB) $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(COMPILE) -Itests/unit -Wno-overlength-strings -MMD -MP -o $@ $< $(LINK_$(MODE)) $(LDFLAGS) $(LIB) -lcmocka $(LIBS)

# What the tests against peers run beside the program.
PEER_PROGRAMS := $(patsubst tests/peers/%.c,$(OUT)/peers/%,$(wildcard tests/peers/*.c))

$(OUT)/peers/%: tests/peers/%.c $(LIB) $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(COMPILE) -MMD -MP -o $@ $< $(LINK_$(MODE)) $(LDFLAGS) $(LIB) $(LIBS)

$(LIB): $(filter-out $(OUT)/obj/main.o,$(OBJ)) $(EMBEDDED)
	@echo "  AR    $@"
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

-include $(OBJ:.o=.d) $(EMBEDDED:.o=.d) $(UNIT:=.d) $(PEER_PROGRAMS:=.d)

# Dependencies, and the program at work.

PEERS := $(BUILD)/peers-venv/bin/python

.PHONY: deps deps-check deps-test deps-peers run bench docs
deps: ## install what bikeops is built from and runs on (apt, npm)
	@scripts/deps.sh install

deps-check: ## only look whether it is there
	@scripts/deps.sh check

deps-test: ## install what the tests need as well (apt, pip)
	@scripts/deps.sh test $(BUILD)

deps-peers: ## install what the tests against Spark and AWS's stand-ins need as well (apt, pip, maven)
	@scripts/deps.sh peers $(BUILD)

run: deps ## build, start the embedded stack, load it once, open bikeops
	@$(MAKE) -j$(JOBS) MODE=release
	@scripts/run.sh $(BUILD)/release/bikeops

bench: deps-test deps-peers $(BIN) ## measure
	@$(BUILD)/venv/bin/python tests/bench/run.py $(BIN)
	@BIKEOPS_BINARY='$(abspath $(BIN))' $(BUILD)/venv/bin/python tests/bench/console.py
	@$(PEERS) tests/bench/s3.py $(BIN)
	@$(PEERS) tests/bench/aws.py $(BIN)

DEMO = scripts/demo-aws.sh
DEMO_ARGS = '$(abspath $(BIN))' '$(abspath $(PEERS))' '$(abspath $(BUILD))/demo-aws'
.PHONY: demo-aws demo-aws-down peers
demo-aws: deps-peers $(BIN) ## AWS's services on this machine, and the pipeline through them: [DATASET=dir]
	@$(DEMO) up $(DEMO_ARGS)

demo-aws-down: ## end what demo-aws left running
	@$(DEMO) down $(DEMO_ARGS)

peers: deps-peers $(BIN) ## AWS's services on this machine, until Ctrl-C
	@$(DEMO) serve $(DEMO_ARGS)

docs: deps-test $(BIN) ## remake the screenshots
	@BIKEOPS_BINARY='$(abspath $(BIN))' $(BUILD)/venv/bin/python scripts/docs.py '$(abspath $(BUILD))/docs'

# Checks.  Those whose tool is not there say so and pass.

.PHONY: test check check-all check-headers check-layers check-banned check-tests check-format check-shell check-man cli screen golden test-peers coverage format
test: deps-test ## everything: check, then the program against real parts
	@$(MAKE) -j$(JOBS) check
	@$(MAKE) -j$(JOBS) cli
	@$(MAKE) screen

check: check-headers check-layers check-banned check-tests check-format check-shell check-man ## the checks of the code, and the unit tests
	@$(MAKE) MODE=asan WERROR=-Werror all unit

# libduckdb is foreign to TSan and to valgrind, pidfd_open() to valgrind; cppcheck takes an error from TRY() for what its
# call was given.
OURS = $(filter-out %/test_duckdb.c,$(TESTS))
check-all: check ## check, and what takes minutes
	@$(MAKE) MODE=tsan WERROR=-Werror TESTS='$(OURS)' unit
	@$(MAKE) MODE=analyze WERROR=-Werror
	@scripts/maybe cppcheck --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=uninitStructMember --suppress=returnDanglingLifetime \
		--std=c11 -D_GNU_SOURCE -Isrc -I. src ui
	@if command -v valgrind >/dev/null; then $(MAKE) MODE=debug unit TESTS='$(filter-out %/test_process.c,$(OURS))' \
		RUN='valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --track-fds=yes'; else scripts/maybe valgrind; fi

check-headers:
	@scripts/check-headers $(HEADERS) -- $(COMPILE) -Wno-unused-macros

check-layers:
	@scripts/check-layers scripts/layers.txt $(SRC) $(HEADERS)

check-banned:
	@scripts/check-banned $(SRC) $(HEADERS) $(TESTS)

check-tests:
	@scripts/check-tests $(TESTS) $(PYTESTS)

check-format:
	@scripts/maybe clang-format-19 --dry-run -Werror $(SRC) $(HEADERS) $(wildcard tests/*/*.[ch])

check-shell:
	@scripts/maybe shellcheck .ci/run $(wildcard scripts/*.sh scripts/check-*) scripts/maybe

check-man:
	$(if $(MAN),@scripts/maybe mandoc -T lint -W warning $(MAN))

format: ## lay out the C files
	@clang-format-19 -i $(SRC) $(HEADERS) $(wildcard tests/*/*.[ch])

# Each process has stacks of its own; two of Spark take what a small machine has.
PYTEST = python -m pytest -q -n $(JOBS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PYTESTS := $(sort $(wildcard tests/*/*.py))
cli: $(BIN)
	@BIKEOPS_BINARY='$(abspath $(BIN))' $(BUILD)/venv/bin/$(PYTEST) tests/cli

SCREEN := $(BUILD)/venv/bin/$(PYTEST) tests/screen
screen: $(BIN) ## the console on a pty: golden screens, faults, and random keys under ASan
	@BIKEOPS_BINARY='$(abspath $(BIN))' $(SCREEN) --ignore=tests/screen/test_fuzz.py
	@$(MAKE) -j$(JOBS) MODE=asan
	@BIKEOPS_BINARY='$(abspath $(BUILD)/asan/bikeops)' $(SCREEN)/test_fuzz.py

golden: $(BIN) ## write the golden screens anew: review their diff as code
	@BIKEOPS_BINARY='$(abspath $(BIN))' $(SCREEN)/test_screens.py --golden

test-peers: deps-peers $(BIN) $(PEER_PROGRAMS) $(OUT)/unit/test_lake ## Spark's job and the clients of AWS, against real parts
	@BIKEOPS_BINARY='$(abspath $(BIN))' $(BUILD)/peers-venv/bin/$(PYTEST) tests/peers

coverage: ## the lines and branches of base, pipeline and sigv4 that no unit test reaches
	@rm -f $(BUILD)/coverage/obj/*/*.gcda
	@$(MAKE) MODE=coverage unit
	@scripts/coverage.sh $(BUILD)/coverage/obj base pipeline remote/sigv4.c

# Installation.

MAN := $(sort $(wildcard man/*.[1-8]))
DOC := $(PREFIX)/share/doc/bikeops
COMPLETION := $(PREFIX)/share/bash-completion/completions/bikeops

.PHONY: install uninstall clean help
install: $(BIN) ## install under DESTDIR and PREFIX
	install -D -m 755 $(BIN) '$(DESTDIR)$(PREFIX)/bin/bikeops'
	install -D -m 644 $(BUILD)/lib/libduckdb.so '$(DESTDIR)$(PREFIX)/lib/bikeops/libduckdb.so'
	for page in $(MAN); do \
		install -D -m 644 $$page "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}" || exit; \
	done
	$(BIN) help --bash-completion >$(BUILD)/gen/completion
	$(BIN) help --sample-config >$(BUILD)/gen/bikeops.conf
	install -D -m 644 $(BUILD)/gen/completion '$(DESTDIR)$(COMPLETION)'
	install -D -m 644 -t '$(DESTDIR)$(DOC)' $(BUILD)/gen/bikeops.conf README.md CHANGELOG.md LICENSE

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/bikeops' '$(DESTDIR)$(COMPLETION)'
	for page in $(MAN); do rm -f "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}"; done
	rm -rf '$(DESTDIR)$(PREFIX)/lib/bikeops' '$(DESTDIR)$(DOC)'

clean: ## remove what was built; the embedded stack and the caches stay
	rm -rf $(BUILD)

help: ## list the goals
	@echo "make [GOAL] [MODE=release|debug|asan|tsan|analyze|coverage] [BUILD=dir] [V=1]"; echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
