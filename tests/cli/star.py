"""Reads a warehouse and compares it with the oracle's, up to key numbers."""

from oracle import ATTRIBUTES, FOREVER, ID, KEY, calendar

MEASURES = ("order_date", "required_date", "shipped_date", "rejected_date", "order_status_id",
            "quantity", "discount_percent", "discount_amount", "total_price",
            "total_price_with_discount")


class Star:
    def __init__(self, conn):
        """conn: a session that may read the warehouse."""
        with conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            self.rows = {table: self._dimension(conn, table) for table in ATTRIBUTES}
            self.dates = conn.execute("SELECT date_key, date, year, month, day, quarter, "
                                      "day_of_week, month_name, week_of_year "
                                      "FROM serving.dim_date ORDER BY date_key").fetchall()
            keys = ", ".join(f"f.{KEY[table]}" for table in ATTRIBUTES)
            self.facts = conn.execute(f"SELECT sales_id, order_id, item_id, {keys}, "
                                      f"{', '.join(MEASURES)} FROM serving.fact_sales f").fetchall()
            self.watermark = conn.execute("SELECT k, s FROM bikeops.watermark").fetchall()
            self.book_rows = conn.execute("SELECT k, tbl, what, n FROM bikeops.books").fetchall()

    def _dimension(self, conn, table):
        names = ", ".join(ATTRIBUTES[table])
        return conn.execute(f"SELECT {KEY[table]}, {ID[table]}, eff_date, exp_date, active_flag, "
                            f"{names} FROM serving.dim_{table}").fetchall()

    def dimension(self, table):
        out = {}
        for _, key, eff, exp, flag, *attrs in sorted(self.rows[table], key=lambda r: r[2]):
            out.setdefault(key, []).append((eff, exp, tuple(attrs), flag))
        return out

    def sales(self):
        version = {table: {row[0]: (row[1], row[2]) for row in self.rows[table]}
                   for table in ATTRIBUTES}
        out = {}
        for _, order, item, *rest in self.facts:
            fact = {table: None if key is None else version[table].get(key, ("no such key", key))
                    for table, key in zip(ATTRIBUTES, rest)}
            out[(order, item)] = fact | dict(zip(MEASURES, rest[len(ATTRIBUTES):]))
        return out

    def books(self, k):
        out = {}
        for row_k, table, what, n in self.book_rows:
            if row_k == k:
                out.setdefault(table, {})[what] = int(n)
        return out

    def everything(self):
        """All tables without key numbers, to compare two warehouses."""
        return ({table: self.dimension(table) for table in ATTRIBUTES}, self.sales())

    def identity(self):
        """{(table, key number): what it names}"""
        out = {(table, row[0]): (row[1], row[2]) for table in ATTRIBUTES
               for row in self.rows[table]}
        return out | {("sales", row[0]): (row[1], row[2]) for row in self.facts}


def differences(expected, actual, limit=8):
    """Lines that say where two mappings differ."""
    out = []
    for key in sorted(expected.keys() | actual.keys(), key=str):
        if expected.get(key) != actual.get(key):
            out.append(f"{key}: expected {expected.get(key)}, found {actual.get(key)}")
    return out[:limit]


def compare(star, oracle):
    """Everything the oracle knows; returns lines, none when equal."""
    out = []
    for table in ATTRIBUTES:
        out += [f"dim_{table} {line}"
                for line in differences(oracle.dimension(table), star.dimension(table))]
    out += [f"fact_sales {line}" for line in differences(oracle.sales(), star.sales())]
    dates = calendar(*oracle.years) if oracle.years else []
    if star.dates != dates:
        out.append(f"dim_date: expected {dates[:1]}..{dates[-1:]} ({len(dates)}), "
                   f"found {star.dates[:1]}..{star.dates[-1:]} ({len(star.dates)})")
    return out


def compare_books(star, oracle):
    """The numbers of the last batch; those the oracle cannot know must still balance."""
    k = star.watermark[0][0]
    books, out = star.books(k), []
    for table, book in oracle.books.items():
        found = books.get(table, {})
        for what, n in book.items():
            # A line read again without need is unchanged; the oracle reads only what changed.
            if table == "sales" and what in ("read", "staged", "unchanged"):
                continue
            if found.get(what, 0) != n:
                out.append(f"books {k} {table} {what}: expected {n}, found {found.get(what, 0)}")
    return out + balance(books)


def balance(books):
    out = []
    for table, b in books.items():
        n = lambda what: b.get(what, 0)
        if table == "sales":
            sums = ((n("read"), n("staged") + n("rejected")),
                    (n("staged"), n("inserted") + n("updated") + n("unchanged")),
                    (n("before") + n("inserted") - n("removed"), n("after")))
        elif table == "dates":
            continue
        else:
            sums = ((n("read"), n("staged") + n("superseded") + n("rejected")),
                    (n("staged"), n("inserted") + n("updated") + n("deleted") + n("unchanged")))
        out += [f"books of {table} do not balance: {b}" for left, right in sums if left != right]
    return out


def invariants(star):
    """What holds of any warehouse, whatever happened."""
    out = []
    for table in ATTRIBUTES:
        numbers = [row[0] for row in star.rows[table]]
        if len(numbers) != len(set(numbers)):
            out.append(f"dim_{table}: a key number twice")
        for key, versions in star.dimension(table).items():
            out += [f"dim_{table} {key}: {line}" for line in _intervals(versions)]
    numbers = [row[0] for row in star.facts]
    lines = [row[1:3] for row in star.facts]
    if len(numbers) != len(set(numbers)) or len(lines) != len(set(lines)):
        out.append("fact_sales: a sales_id or a line twice")
    return out


def _intervals(versions):
    for eff, exp, attrs, flag in versions:
        if eff > exp:
            yield f"ends before it begins: {eff} {exp}"
        if (flag == "Y") != (exp == FOREVER):
            yield f"flag {flag} on {eff} {exp}"
    for (_, exp, attrs, _), (eff, _, next_attrs, _) in zip(versions, versions[1:]):
        if exp >= eff:
            yield f"overlaps: {exp} {eff}"
        if attrs == next_attrs and (eff - exp).days == 1:
            yield f"not the shortest list: {exp} {eff}"
