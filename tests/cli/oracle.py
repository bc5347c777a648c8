"""What the warehouse must hold, computed in the slow and obvious way.

Written from the description of the semantics alone; nothing here reads the
program's SQL.  A Source is what the shop has committed; a Warehouse is what a
chain of batches must have made of it.
"""

import datetime
import zoneinfo
from decimal import ROUND_HALF_UP, Decimal

DAY = datetime.timedelta(days=1)
FOREVER = datetime.date(9999, 12, 31)
INFERRED = datetime.date(1900, 1, 1)
CENT = Decimal("0.01")

ATTRIBUTES = {
    "customers": ("first_name", "last_name", "phone", "email", "street", "city", "state",
                  "zip_code"),
    "products": ("product_name", "brand_name", "category_name", "model_year", "list_price"),
    "staffs": ("first_name", "last_name", "email", "phone", "manager_id"),
    "stores": ("store_name", "phone", "email", "street", "city", "state", "zip_code"),
}
ID = {"customers": "customer_id", "products": "product_id", "staffs": "staff_id",
      "stores": "store_id"}
KEY = {"customers": "customer_key", "products": "product_key", "staffs": "staff_key",
       "stores": "store_key"}
# Bytes that the warehouse's columns hold; what is not here holds 255.
BYTES = {"customer_id": 15, "product_id": 15, "staff_id": 15, "store_id": 15, "order_id": 15,
         "manager_id": 15, "phone": 15, "state": 2, "zip_code": 5}
REJECTED = 2  # order status


class Image:
    """One change of a dimension row, as committed."""

    def __init__(self, table, key, row, active):
        self.table = table
        self.key = key
        self.row = row
        self.active = active


def fits(name, value):
    return not isinstance(value, str) or len(value.encode()) <= BYTES.get(name, 255)


def attributes(table, row):
    values = [row[name] for name in ATTRIBUTES[table]]
    if table == "products" and values[0] is not None:
        values[0] = values[0].replace('"', "")
    return tuple(values)


def dimension_ok(table, row, active):
    """An attribute rule does not apply to a deletion."""
    if not fits(ID[table], row[ID[table]]):
        return False
    return not active or all(fits(n, v) for n, v in zip(ATTRIBUTES[table], attributes(table, row)))


def line_ok(line):
    dates = [line[name] for name in ("order_date", "required_date", "shipped_date")]
    return (all(date is None or 1900 <= date.year <= 2199 for date in dates)
            and abs(line["quantity"]) < 10 ** 7 and abs(line["discount"]) < 10
            and all(fits(name, line[name]) for name in line))


def shortest(versions):
    """Join neighbours that say the same."""
    out = []
    for eff, exp, attrs in versions:
        if eff > exp:
            continue
        if out and out[-1][2] == attrs and out[-1][1] + DAY == eff:
            out[-1] = (out[-1][0], exp, attrs)
        else:
            out.append((eff, exp, attrs))
    return out


def overlay(versions, points):
    """points: (day, attributes, active), one a day, in order; from the first on they decide."""
    first = points[0][0]
    out = [(eff, min(exp, first - DAY), attrs) for eff, exp, attrs in versions if eff < first]
    for i, (day, attrs, active) in enumerate(points):
        end = points[i + 1][0] - DAY if i + 1 < len(points) else FOREVER
        out.append((day, end if active else day, attrs))
    return shortest(out)


def outcome(before, after, point):
    day, _, active = point
    old = {eff: attrs for eff, _, attrs in before}
    new = {eff: attrs for eff, _, attrs in after}
    if day in new and day not in old:
        return "inserted"
    if day in new and new[day] != old[day]:
        return "updated"
    if not active and any(exp == day for _, exp, _ in after):
        return "deleted"
    return "unchanged"


class Source:
    """The committed rows: {table: {key: row}}. Warehouses are told of every change."""

    def __init__(self, timezone):
        self.timezone = zoneinfo.ZoneInfo(timezone)
        self.tables = {name: {} for name in (*ATTRIBUTES, "orders", "order_items", "brands",
                                              "categories")}
        self.items = {}     # {order: {(order, item): row}}
        self.warehouses = []

    def load(self, tables):
        self.tables = tables
        self.items = {}
        for key, row in tables["order_items"].items():
            self.items.setdefault(key[0], {})[key] = row

    def day(self, moment):
        return moment.astimezone(self.timezone).date()

    def commit(self, overlay_rows, images, orders):
        for (table, key), row in overlay_rows.items():
            if row is None:
                self.tables[table].pop(key, None)
            else:
                self.tables[table][key] = row
            if table == "order_items":
                items = self.items.setdefault(key[0], {})
                items.pop(key, None)
                if row is not None:
                    items[key] = row
        for warehouse in self.warehouses:
            warehouse.images += images
            warehouse.dirty |= orders

    def product(self, row):
        """A product's row with its brand's and category's names."""
        return row | {
            "brand_name": self.tables["brands"].get(row["brand_id"]),
            "category_name": self.tables["categories"].get(row["category_id"]),
        }

    def dimension_row(self, table, row):
        return self.product(row) if table == "products" else row

    def lines(self, order_id):
        order = self.tables["orders"].get(order_id)
        if order is None or order["is_active"] != "Y":
            return
        for row in self.items.get(order_id, {}).values():
            yield order | row

    def fact(self, line):
        """A line's measures and dates, its dimension ids, as the fact has them."""
        cents = lambda value: value.quantize(CENT, ROUND_HALF_UP)  # noqa: E731
        text = lambda date: date.strftime("%Y%m%d") if date else None
        total = cents(line["list_price"] * line["quantity"])
        discount = cents(total * line["discount"])
        rejected = self.day(line["updated_at"]) if line["order_status_id"] == REJECTED else None
        return {
            "customers": line["customer_id"], "products": line["product_id"],
            "staffs": line["staff_id"], "stores": line["store_id"],
            "order_date": text(line["order_date"]), "required_date": text(line["required_date"]),
            "shipped_date": text(line["shipped_date"]), "rejected_date": text(rejected),
            "order_status_id": line["order_status_id"], "quantity": line["quantity"],
            "discount_percent": int(line["discount"] * 100), "discount_amount": discount,
            "total_price": total, "total_price_with_discount": total - discount,
        }


class Warehouse:
    def __init__(self, source):
        self.source = source
        source.warehouses.append(self)
        self.images = []        # committed since the last batch
        self.dirty = set()
        self.versions = {table: {} for table in ATTRIBUTES}
        self.inferred = {table: set() for table in ATTRIBUTES}
        self.facts = {}
        self.years = None
        self.books = {}
        self.k = 0
        self.standing = []      # what each batch found and took, for undo()

    # --- dimensions
    def _point(self, image):
        return (self.source.day(image.row["updated_at"]), attributes(image.table, image.row),
                image.active)

    def _change(self, table, key, points, book):
        before = self.versions[table].get(key, [])
        after = overlay(before, points) if points else before
        if after:
            self.versions[table][key] = after
            self.inferred[table].discard(key)
        for point in points:
            book[outcome(before, after, point)] += 1

    def _incremental_dimension(self, table):
        images = [image for image in self.images if image.table == table]
        good = [i for i in images if dimension_ok(table, i.row, i.active)]
        points = {}
        for image in good:
            point = self._point(image)
            points.setdefault(image.key, {})[point[0]] = point
        book = self.books[table]
        book["read"] = len(images)
        book["rejected"] = len(images) - len(good)
        book["staged"] = sum(map(len, points.values()))
        book["superseded"] = len(good) - book["staged"]
        for key, days in points.items():
            self._change(table, key, [days[day] for day in sorted(days)], book)

    def _full_dimension(self, table, run_day):
        book = self.books[table]
        rows = self.source.tables[table]
        for key, row in rows.items():
            row = self.source.dimension_row(table, row)
            active = row["is_active"] == "Y"
            book["read"] += 1
            if not dimension_ok(table, row, active):
                book["rejected"] += 1
                continue
            book["staged"] += 1
            self._full_row(table, key, row, active, book)
        for key, versions in self.versions[table].items():
            eff, exp, attrs = versions[-1]
            if key not in rows and exp == FOREVER:
                versions[-1] = (eff, max(eff, run_day), attrs)
                book["absent"] += 1

    def _full_row(self, table, key, row, active, book):
        versions = self.versions[table].get(key, [])
        day, attrs = self.source.day(row["updated_at"]), attributes(table, row)
        is_open = versions and versions[-1][1] == FOREVER
        if versions:
            last = versions[-1][0] if is_open else versions[-1][1]
            day = max(day, last)
        if active and is_open and versions[-1][2] == attrs:
            book["unchanged"] += 1
        elif active or not versions:
            self._change(table, key, [(day, attrs, active)], book)
        elif is_open:
            self._change(table, key, [(day, versions[-1][2], False)], book)
        else:
            book["unchanged"] += 1

    # --- facts
    def _read_orders(self, orders):
        book = self.books["sales"]
        before = {key for key in self.facts if key[0] in orders}
        seen = set()
        for order_id in orders:
            for line in self.source.lines(order_id):
                book["read"] += 1
                if not line_ok(line):
                    book["rejected"] += 1
                    continue
                key = (line["order_id"], line["item_id"])
                fact = self.source.fact(line)
                seen.add(key)
                old = self.facts.get(key)
                book["inserted" if old is None else
                     "unchanged" if old == fact else "updated"] += 1
                self.facts[key] = fact
                self._span(fact)
        for key in before - seen:
            del self.facts[key]
            book["removed"] += 1
        for fact in self.facts.values():
            for table in ATTRIBUTES:
                if fact[table] is not None and not self.versions[table].get(fact[table]):
                    if fact[table] not in self.inferred[table]:
                        book["inferred"] += 1
                    self.inferred[table].add(fact[table])

    def _span(self, fact):
        years = [int(fact[name][:4]) for name in
                 ("order_date", "required_date", "shipped_date", "rejected_date") if fact[name]]
        years += self.years or ()
        if years:
            self.years = (min(years), max(years))

    # --- batches
    def _begin(self):
        self.k += 1
        versions = {table: {key: list(rows) for key, rows in keys.items()}
                    for table, keys in self.versions.items()}
        inferred = {table: set(keys) for table, keys in self.inferred.items()}
        self.standing.append((versions, inferred, dict(self.facts), self.images, self.dirty))
        self.books = {t: dict.fromkeys(("read", "staged", "superseded", "rejected", "inserted",
                                        "updated", "deleted", "unchanged", "absent"), 0)
                      for t in ATTRIBUTES}
        self.books["sales"] = dict.fromkeys(("read", "staged", "rejected", "inserted", "updated",
                                             "unchanged", "removed", "inferred"), 0)

    def _end(self):
        book = self.books["sales"]
        book["staged"] = book["read"] - book["rejected"]
        self.images = []
        self.dirty = set()

    def incremental(self, extra_orders=()):
        self._begin()
        for table in ATTRIBUTES:
            self._incremental_dimension(table)
        self._read_orders(self.dirty | set(extra_orders))
        self._end()

    def backfill(self, first, last):
        text = lambda date: date.strftime("%Y%m%d")
        orders = {key for key, row in self.source.tables["orders"].items()
                  if row["order_date"] is not None and first <= row["order_date"] <= last}
        orders |= {key[0] for key, fact in self.facts.items()
                   if fact["order_date"] and text(first) <= fact["order_date"] <= text(last)}
        self.incremental(orders)

    def full(self, run_day):
        self._begin()
        for table in ATTRIBUTES:
            self._full_dimension(table, run_day)
        self._read_orders(set(self.source.tables["orders"]) | {key[0] for key in self.facts})
        self._end()

    def undo(self):
        """The newest batch that stands never was, but that the calendar does not shrink."""
        self.k += 1
        self.versions, self.inferred, self.facts, images, dirty = self.standing.pop()
        self.images = images + self.images
        self.dirty = dirty | self.dirty
        self.books = {}

    # --- what to compare
    def dimension(self, table):
        """{id: [(eff, exp, attributes, flag)]}"""
        rows = {key: [(eff, exp, attrs, "Y" if exp == FOREVER else "N")
                      for eff, exp, attrs in versions]
                for key, versions in self.versions[table].items()}
        nothing = (None,) * len(ATTRIBUTES[table])
        for key in self.inferred[table]:
            rows[key] = [(INFERRED, INFERRED, nothing, "N")]
        return rows

    def version_of(self, table, key, order_date):
        """The eff_date of the version that serves this order date; None for a NULL key."""
        if key is None:
            return None
        versions = self.versions[table].get(key)
        if not versions:
            return INFERRED
        best = versions[0][0]
        for eff, _, _ in versions:
            if order_date is not None and eff <= order_date:
                best = eff
        return best

    def sales(self):
        """{(order, item): fact}, ids as (id, eff_date of the version)."""
        out = {}
        for key, fact in self.facts.items():
            date = fact["order_date"]
            date = date and datetime.datetime.strptime(date, "%Y%m%d").date()
            out[key] = fact | {t: (fact[t], self.version_of(t, fact[t], date))
                               if fact[t] is not None else None for t in ATTRIBUTES}
        return out


def calendar(first_year, last_year):
    """dim_date's rows, whole years."""
    out = []
    day = datetime.date(first_year, 1, 1)
    months = ("January", "February", "March", "April", "May", "June", "July", "August",
              "September", "October", "November", "December")
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    while day.year <= last_year:
        out.append((day.strftime("%Y%m%d"), day, day.year, day.month, day.day,
                    (day.month + 2) // 3, names[day.weekday()], months[day.month - 1],
                    day.isocalendar()[1]))
        day += DAY
    return out
