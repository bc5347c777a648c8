"""Random shops that write to schema store, and tell the oracle what they committed."""

import datetime
import threading
import time
from decimal import Decimal

import psycopg

from oracle import ATTRIBUTES, DAY, ID, Image, Source, dimension_ok, line_ok

AUDITED = ("customers", "products", "staffs", "stores", "orders")
PK = {**{t: (i,) for t, i in ID.items()}, "orders": ("order_id",),
      "order_items": ("order_id", "item_id"), "brands": ("brand_id",),
      "categories": ("category_id",)}
NAMES = {"brands": "brand_name", "categories": "category_name"}
TEXTS = ("Ann", "Bo", "Ann ", " Ann", "O'Hara", 'Trek 24" "x"', "a,b", "two\nlines", "cr\r\nlf", "",
         "NULL", "\\N", "\\.", "tab\t.", "é漢🚲", "Å" * 40, "-", '"', "x" * 50, None, None)
SHORT = ("", "1", "NY", "CA", "é", " ", None)
MICRO = datetime.timedelta(microseconds=1)
BAD_ROWS = 4    # at most so many live rows that break a rule: a run may reject ten


class Watch(threading.Thread):
    """Cancels a statement that waits: a server whose clock is moved keeps no lock_timeout."""

    WAIT_S = 0.02

    def __init__(self):
        super().__init__(daemon=True)
        self.current = None
        self.on = True
        self.ended = False
        self.lock = threading.Lock()
        self.start()

    def execute(self, conn, sql, values):
        self.current = (conn, time.monotonic())
        try:
            return conn.execute(sql, values)
        finally:
            with self.lock:
                self.current = None

    def run(self):
        while not self.ended:
            time.sleep(self.WAIT_S / 3)
            with self.lock:
                if self.on and self.current and time.monotonic() - self.current[1] > self.WAIT_S:
                    self.current[0].cancel()


class Refused(Exception):
    """The database refused a statement (a lock, a foreign key): nothing happened."""


class Txn:
    """One open transaction, and what it has done so far."""

    def __init__(self, shops, shop, conn, guarded):
        self.source = shops.source
        self.watch = shops.watch
        self.shop = shop
        self.conn = conn
        self.guarded = guarded
        self.ends = shops.random.choice((0.9, 0.9, 0.9, 0.15))
        self.rows = {}
        self.images = []
        self.orders = set()
        self.saved = []
        self.breaks = 0
        conn.execute("BEGIN")
        self.now = conn.execute("SELECT now()").fetchone()[0]

    # --- the rows as this transaction sees them
    def get(self, table, key):
        if (table, key) in self.rows:
            return self.rows[(table, key)]
        return self.source.tables[table].get(key)

    def all(self, table):
        keys = dict.fromkeys(self.source.tables[table])
        keys |= dict.fromkeys(key for name, key in self.rows if name == table)
        found = ((key, self.get(table, key)) for key in keys if self.shop.owns(table, key))
        return [(key, row) for key, row in found if row is not None]

    # --- statements
    def _execute(self, sql, values, count=None):
        if self.guarded:
            self.conn.execute("SAVEPOINT one")
        try:
            got = self.watch.execute(self.conn, sql, values).rowcount
        except psycopg.Error as error:
            if not isinstance(error, (psycopg.errors.QueryCanceled,
                                      psycopg.errors.IntegrityError)):
                raise
            if self.guarded:
                self.conn.execute("ROLLBACK TO one")
                self.conn.execute("RELEASE one")
            raise Refused(str(error))
        assert count in (None, got), f"{sql} {values}: {got} rows, not {count}"
        if self.guarded:
            self.conn.execute("RELEASE one")

    def insert(self, table, row):
        names = ", ".join(row)
        self._execute(f"INSERT INTO store.{table} ({names}) VALUES ({', '.join(['%s'] * len(row))})",
                      list(row.values()), 1)
        if table in AUDITED:
            row = row | {"updated_at": self.now, "is_active": "Y"}
        self._put(table, None, row)

    def update(self, table, key, changes):
        """One row by its key."""
        row = self.get(table, key)
        sets = ", ".join(f"{name} = %s" for name in changes)
        where = " AND ".join(f"{name} = %s" for name in PK[table])
        self._execute(f"UPDATE store.{table} SET {sets} WHERE {where}",
                      [*changes.values(), *(row[name] for name in PK[table])], 1)
        self._put(table, row, row | changes)

    def update_where(self, table, name, value, changes):
        """All of the shop's rows with this value."""
        rows = [row for _, row in self.all(table) if row[name] == value]
        sets = ", ".join(f"{column} = %s" for column in changes)
        keys = [row[PK[table][0]] for row in rows]
        self._execute(f"UPDATE store.{table} SET {sets} WHERE {name} = %s AND {PK[table][0]} = ANY (%s)",
                      [*changes.values(), value, keys], len(rows))
        for row in rows:
            self._put(table, row, row | changes)

    def rename(self, table, key, name):
        self._execute(f"UPDATE store.{table} SET {NAMES[table]} = %s WHERE {PK[table][0]} = %s",
                      [name, key], 1)
        if self.get(table, key) == name:
            return
        self.rows[(table, key)] = name
        for _, row in self.all("products"):
            if row[PK[table][0]] == key and row["is_active"] == "Y":
                self._touch(row)

    def delete(self, table, key):
        where = " AND ".join(f"{name} = %s" for name in PK[table])
        row = self.get(table, key)
        values = list(key) if isinstance(key, tuple) else [key]
        if table in AUDITED:    # a rule makes it an update, and the server says DELETE 0
            self._execute(f"DELETE FROM store.{table} WHERE {where}", values, 0)
            if row["is_active"] == "Y":
                self._put(table, row, row | {"is_active": "N"})
            return
        self._execute(f"DELETE FROM store.{table} WHERE {where}", values, 1)
        self.rows[(table, key)] = None
        self._dirty(table, row)

    # --- what the triggers make of it
    def _key(self, table, row):
        key = tuple(row[name] for name in PK[table])
        return key if len(key) > 1 else key[0]

    def _dirty(self, table, row):
        if table in ("orders", "order_items"):
            self.orders.add(row["order_id"])

    def _put(self, table, old, new):
        if old == new:
            return
        key = self._key(table, new)
        moved = old is not None and self._key(table, old) != key
        if moved:
            self.rows[(table, self._key(table, old))] = None
            self._dirty(table, old)
        self._dirty(table, new)
        unseen = old is not None and table in AUDITED and old["is_active"] == new["is_active"] == "N"
        if old is not None and table in AUDITED and not unseen:
            new = new | {"updated_at": max(self.now, old["updated_at"] + MICRO)}
        self.rows[(table, key)] = new
        if table in ATTRIBUTES and not unseen:
            if moved and old["is_active"] == "Y":
                self._image(table, old | {"updated_at": new["updated_at"], "is_active": "N"})
                self.shop.freed[(table, self._key(table, old))] = new["updated_at"]
            self._image(table, new)

    def _touch(self, row):
        row = row | {"updated_at": max(self.now, row["updated_at"] + MICRO)}
        self.rows[("products", row["product_id"])] = row
        self._image("products", row)

    def _image(self, table, row):
        if table == "products":
            row = row | {"brand_name": self.get("brands", row["brand_id"]),
                         "category_name": self.get("categories", row["category_id"])}
        self.images.append(Image(table, row[ID[table]], row, row["is_active"] == "Y"))

    # --- the transaction
    def savepoint(self):
        self.conn.execute(f"SAVEPOINT s{len(self.saved)}")
        self.saved.append((dict(self.rows), list(self.images), set(self.orders)))

    def rollback_to(self):
        self.rows, self.images, self.orders = self.saved.pop()
        self.conn.execute(f"ROLLBACK TO s{len(self.saved)}")

    def commit(self):
        self.conn.execute("COMMIT")
        self.source.commit(self.rows, self.images, self.orders)

    def abort(self):
        self.conn.execute("ROLLBACK")


class Shop:
    """One little shop with keys of its own, and the moves it knows."""

    MOVES = (("new_customer", 3), ("new_staff", 1), ("new_store", 1), ("new_product", 3),
             ("edit", 14), ("edit_again", 4), ("no_op", 2), ("edit_many", 2), ("swap_brand", 2),
             ("remove", 4), ("deactivate", 2), ("reactivate", 5), ("edit_inactive", 2),
             ("change_key", 2), ("rename", 2), ("new_order", 6), ("edit_order", 5),
             ("edit_line", 4), ("remove_line", 3), ("add_line", 2), ("move_line", 1),
             ("remove_order", 2), ("stock", 1))

    def __init__(self, shops, number):
        self.shops = shops
        self.random = shops.random
        self.number = number
        self.prefix = f"{number}-"
        self.next = 0
        self.freed = {}

    def owns(self, table, key):
        if table in NAMES:
            return key // 1000 == self.number
        return (key[0] if isinstance(key, tuple) else key).startswith(self.prefix)

    # --- values
    def text(self, name):
        r = self.random
        if name in ("state", "zip_code"):
            value = r.choice(SHORT)
        elif name == "phone":
            value = r.choice(("(831) 476-4321", "", "é" * 7, None))
        else:
            value = r.choice(TEXTS)
        if self.shops.may_break(0.005):
            value = {"state": "NYC", "zip_code": "é" * 5, "phone": "0" * 16}.get(name, "é" * 50)
        if value is None and name not in self.shops.nullable:
            value = "-"
        return value

    def value(self, table, name):
        if name == "model_year":
            return self.random.choice((2016, 2017, 2018))
        if name == "list_price":
            return Decimal(self.random.choice(("0.00", "379.99", "749.99", "99999999.99")))
        if name == "manager_id":
            return None if "manager_id" in self.shops.nullable else "1"
        return self.text(name)

    def editable(self, table):
        return [name for name in ATTRIBUTES[table] if name not in ("brand_name", "category_name")]

    def new_id(self, txn, table):
        reusable = [key for (name, key), until in self.freed.items()
                    if name == table and until < txn.now and txn.get(table, key) is None]
        if reusable and self.random.random() < 0.3:
            return self.random.choice(reusable)
        self.next += 1
        return f"{self.prefix}{self.next}"

    def date(self):
        start = datetime.date(2026, 1, 1)
        if self.shops.may_break(0.03):
            return datetime.date(1850, 1, 1)
        return start + DAY * self.random.randrange(700)

    def pick(self, txn, table, active=None):
        rows = [key for key, row in txn.all(table)
                if active is None or (row["is_active"] == "Y") == active]
        return self.random.choice(rows) if rows else None

    def _dimension(self, txn, table, more=None):
        row = {ID[table]: self.new_id(txn, table)}
        row |= {name: self.value(table, name) for name in self.editable(table)}
        txn.insert(table, row | (more or {}))
        return row[ID[table]]

    # --- moves
    def new_customer(self, txn):
        return self._dimension(txn, "customers")

    def new_store(self, txn):
        return self._dimension(txn, "stores")

    def new_staff(self, txn):
        store = self.pick(txn, "stores") or self.new_store(txn)
        return self._dimension(txn, "staffs", {"active": 1, "store_id": store})

    def _named(self, txn, table):
        keys = [key for key, _ in txn.all(table)]
        if keys and self.random.random() < 0.7:
            return self.random.choice(keys)
        self.next += 1
        key = self.number * 1000 + self.next
        txn._execute(f"INSERT INTO store.{table} VALUES (%s, %s)", [key, "Electra"], 1)
        txn.rows[(table, key)] = "Electra"
        return key

    def new_product(self, txn):
        return self._dimension(txn, "products", {
            "brand_id": self._named(txn, "brands"), "category_id": self._named(txn, "categories")})

    def edit(self, txn):
        table = self.random.choice(list(ATTRIBUTES))
        key = self.pick(txn, table, active=True)
        if key is not None:
            name = self.random.choice(self.editable(table))
            txn.update(table, key, {name: self.value(table, name)})

    def edit_again(self, txn):
        """There and back in one transaction."""
        key = self.pick(txn, "customers", active=True)
        if key is not None:
            before = txn.get("customers", key)["city"]
            txn.update("customers", key, {"city": "elsewhere"})
            txn.update("customers", key, {"city": before})

    def no_op(self, txn):
        table = self.random.choice(AUDITED)
        key = self.pick(txn, table)
        if key is not None:
            row = txn.get(table, key)
            name = self.random.choice([n for n in row if n not in ("updated_at", PK[table][0])])
            txn.update(table, key, {name: row[name]})

    def edit_many(self, txn):
        key = self.pick(txn, "customers")
        if key is not None:
            city = txn.get("customers", key)["city"]
            if city is not None:
                txn.update_where("customers", "city", city, {"city": self.text("city")})

    def swap_brand(self, txn):
        key = self.pick(txn, "products", active=True)
        if key is not None:
            txn.update("products", key, {"brand_id": self._named(txn, "brands")})

    def remove(self, txn):
        table = self.random.choice(list(ATTRIBUTES))
        key = self.pick(txn, table)
        if key is not None and self._good(txn, table, key):
            txn.delete(table, key)

    def _good(self, txn, table, key):
        """A row that breaks a rule stays until it is mended: what its end says is not told."""
        if table not in ATTRIBUTES:
            return True
        row = txn.get(table, key)
        if table == "products":
            row = row | {"brand_name": "", "category_name": ""}
        return dimension_ok(table, row, True)

    def deactivate(self, txn):
        table = self.random.choice(AUDITED)
        key = self.pick(txn, table, active=True)
        if key is not None and self._good(txn, table, key):
            changes = {"is_active": "N"}
            if table == "customers" and self.random.random() < 0.5:
                changes["city"] = "gone"
            txn.update(table, key, changes)

    def reactivate(self, txn):
        table = self.random.choice(AUDITED)
        key = self.pick(txn, table, active=False)
        if key is not None:
            changes = {"is_active": "Y"}
            if table == "customers" and self.random.random() < 0.5:
                changes["city"] = self.text("city")
            txn.update(table, key, changes)

    def edit_inactive(self, txn):
        key = self.pick(txn, "customers", active=False)
        if key is not None:
            txn.update("customers", key, {"street": self.random.choice(("A", "B"))})

    def change_key(self, txn):
        table = self.random.choice((*ATTRIBUTES, "orders"))
        key = self.pick(txn, table, active=True)
        if key is not None and self._good(txn, table, key):
            name = PK[table][0]
            txn.update(table, key, {name: self.new_id(txn, table)})

    def rename(self, txn):
        table = self.random.choice(list(NAMES))
        keys = [key for key, _ in txn.all(table)]
        if keys:
            txn.rename(table, self.random.choice(keys), self.random.choice(("Electra", "Haro", "é,")))

    def new_order(self, txn):
        parts = [self.pick(txn, table) for table in ("customers", "stores", "staffs", "products")]
        if None in parts:
            return
        status = self.random.choice((1, 2, 3))
        order = {"order_id": self.new_id(txn, "orders"), "customer_id": parts[0],
                 "order_status_id": status, "order_date": self.date(),
                 "required_date": self.date(),
                 "shipped_date": self.date() if status == 3 else None,
                 "store_id": parts[1], "staff_id": parts[2]}
        if self.random.random() < 0.1:
            order |= {name: None for name in ("customer_id", "staff_id")
                      if ("orders", name) in self.shops.null_columns}
        txn.insert("orders", order)
        for _ in range(self.random.randrange(5)):
            self._line(txn, order["order_id"])

    def _quantity(self):
        if self.shops.may_break(0.03):
            return 12345678
        return self.random.choice((1, 2, 3, 9))

    def _line(self, txn, order_id):
        product = self.pick(txn, "products")
        item = 1 + max((key[1] for key, _ in txn.all("order_items") if key[0] == order_id),
                       default=0)
        if product is not None:
            txn.insert("order_items", {
                "order_id": order_id, "item_id": item, "product_id": product,
                "quantity": self._quantity(),
                "list_price": Decimal(self.random.choice(("0.05", "379.99", "1549.00", "0.01"))),
                "discount": Decimal(self.random.choice(("0.00", "0.05", "0.07", "0.20", "0.50")))})

    def add_line(self, txn):
        key = self.pick(txn, "orders")
        if key is not None:
            self._line(txn, key)

    def edit_order(self, txn):
        key = self.pick(txn, "orders")
        if key is None:
            return
        changes = self.random.choice((
            {"order_status_id": self.random.choice((1, 2, 3))}, {"order_date": self.date()},
            {"shipped_date": self.random.choice((None, self.date()))},
            {"customer_id": self.pick(txn, "customers")},
            {"order_status_id": 2, "staff_id": self.pick(txn, "staffs")}))
        txn.update("orders", key, changes)

    def _item(self, txn):
        keys = [key for key, _ in txn.all("order_items")]
        return self.random.choice(keys) if keys else None

    def edit_line(self, txn):
        key = self._item(txn)
        if key is not None:
            txn.update("order_items", key, self.random.choice((
                {"quantity": self._quantity()}, {"discount": Decimal("0.15")},
                {"product_id": self.pick(txn, "products")}, {"list_price": Decimal("10.05")})))

    def remove_line(self, txn):
        key = self._item(txn)
        if key is not None:
            txn.delete("order_items", key)

    def move_line(self, txn):
        key, order = self._item(txn), self.pick(txn, "orders")
        if key is not None and order is not None:
            taken = {k for k, _ in txn.all("order_items")}
            item = next(i for i in range(1, 99) if (order, i) not in taken)
            txn.update("order_items", key, {"order_id": order, "item_id": item})

    def remove_order(self, txn):
        key = self.pick(txn, "orders")
        if key is not None:
            txn.delete("orders", key)

    def stock(self, txn):
        """Not in the warehouse: must change nothing."""
        product, store = self.pick(txn, "products"), self.pick(txn, "stores")
        if product is not None and store is not None:
            txn._execute("INSERT INTO store.stocks VALUES (%s, %s, 7) ON CONFLICT DO NOTHING",
                         [store, product])

    def move(self, txn):
        names, weights = zip(*self.MOVES)
        return getattr(self, self.random.choices(names, weights)[0])(txn)


class WholeShop(Shop):
    """The one shop that owns whatever rows there are."""

    def owns(self, table, key):
        return True


class Shops:
    """Many shops in one source, each with at most two open transactions at a time.

    A count of 0: one shop that owns every row."""

    def __init__(self, connect, random, timezone, count, connections=10):
        self.random = random
        self.source = Source(timezone)
        self.watch = Watch()
        self.idle = [connect() for _ in range(connections)]
        self.reader = connect()
        self.connections = [*self.idle, self.reader]
        self.nullable, self.null_columns = self._nullable()
        self.shops = [Shop(self, number) for number in range(1, count + 1)] if count else \
            [WholeShop(self, 1)]
        self.open = []
        self.refused = 0
        self.moves = 0

    def _nullable(self):
        rows = self.reader.execute("SELECT table_name, column_name, is_nullable "
                                   "FROM information_schema.columns "
                                   "WHERE table_schema = 'store'").fetchall()
        never = {column for _, column, null in rows if null == "NO"}
        return ({column for _, column, null in rows if column not in never},
                {(table, column) for table, column, null in rows if null == "YES"})

    def load(self):
        """What setup put there is the oracle's beginning."""
        self.source.load(self.read())

    def read(self):
        conn = self.reader
        tables = {}
        for table, names in {
                "customers": (*ATTRIBUTES["customers"],),
                "products": ("product_name", "brand_id", "category_id", "model_year", "list_price"),
                "staffs": (*ATTRIBUTES["staffs"], "active", "store_id"),
                "stores": ATTRIBUTES["stores"],
                "orders": ("customer_id", "order_status_id", "order_date", "required_date",
                           "shipped_date", "store_id", "staff_id"),
                "order_items": ("product_id", "quantity", "list_price", "discount")}.items():
            names = (*PK[table], *names)
            if table in AUDITED:
                names = (*names, "updated_at", "is_active")
            rows = conn.execute(f"SELECT {', '.join(names)} FROM store.{table}").fetchall()
            rows = [dict(zip(names, row)) for row in rows]
            tables[table] = {tuple(r[n] for n in PK[table]) if len(PK[table]) > 1
                             else r[PK[table][0]]: r for r in rows}
        for table, name in NAMES.items():
            tables[table] = dict(conn.execute(
                f"SELECT {PK[table][0]}, {name} FROM store.{table}").fetchall())
        return tables

    def broken_rows(self):
        tables = self.source.tables
        bad = sum(not dimension_ok(t, self.source.dimension_row(t, row), row["is_active"] == "Y")
                  for t in ATTRIBUTES for row in tables[t].values())
        bad += sum(not line_ok(line) for order in tables["orders"]
                   for line in self.source.lines(order))
        window = max((sum(not dimension_ok(i.table, i.row, i.active) for i in w.images)
                      for w in self.source.warehouses), default=0)
        return max(bad, window)

    def may_break(self, chance):
        """Whether to write a value that breaks a rule; rarely, and only so many."""
        if self.allowance < 1 or self.random.random() >= chance:
            return False
        self.allowance -= 1
        self.current.breaks += 1
        return True

    def found(self):
        """Each shop begins with what an order needs; nobody is there to wait for."""
        self.allowance = 0
        self.watch.on = False
        for shop in self.shops:
            txn = Txn(self, shop, self.idle[0], True)
            for _ in range(2):
                shop.new_store(txn), shop.new_staff(txn), shop.new_product(txn)
                shop.new_customer(txn), shop.new_order(txn)
            txn.commit()
        self.watch.on = True

    def step(self, transactions):
        """Begin, go on with and end transactions; some stay open."""
        self.allowance = BAD_ROWS - self.broken_rows() - sum(txn.breaks for txn in self.open)
        for _ in range(transactions):
            if self.idle and (not self.open or self.random.random() < 0.8):
                shop = self.random.choice(self.shops)
                if sum(txn.shop is shop for txn in self.open) < 2:
                    self.open.append(Txn(self, shop, self.idle.pop(), self.random.random() < 0.7))
            newest = self.random.random() < 0.6
            self._go_on(self.open[-1] if newest else self.random.choice(self.open))

    def _go_on(self, txn):
        r = self.random
        self.current = txn
        try:
            for _ in range(r.randrange(1, 5)):
                self.moves += 1
                if r.random() < 0.15:
                    txn.savepoint()
                try:
                    txn.shop.move(txn)
                except Refused:
                    self.refused += 1
                    if not txn.guarded:
                        raise
                if txn.saved and r.random() < 0.3:
                    txn.rollback_to()
        except Refused:
            return self._end(txn, txn.abort)
        if r.random() < txn.ends:
            self._end(txn, txn.abort if r.random() < 0.1 else txn.commit)

    def _end(self, txn, how):
        how()
        self.open.remove(txn)
        self.idle.append(txn.conn)

    def finish(self):
        """Commit what is open."""
        for txn in list(self.open):
            self._end(txn, txn.commit)

    def close(self):
        self.watch.ended = True
        for conn in self.connections:
            conn.close()

    def differences(self):
        """Where the source does not hold what the oracle thinks was committed."""
        actual, out = self.read(), []
        for table, rows in self.source.tables.items():
            for key in rows.keys() | actual[table].keys():
                if rows.get(key) != actual[table].get(key):
                    out.append((table, key, rows.get(key), actual[table].get(key)))
        return out
