"""Rows that part two engines: each value in each column of each entity, as PostgreSQL writes them."""

import itertools
import random

COLUMNS = {
    "customers": "seq,op,day,customer_id,first_name,last_name,phone,email,street,city,state,zip_code"
                 ",is_active",
    "stores": "seq,op,day,store_id,store_name,phone,email,street,city,state,zip_code,is_active",
    "staffs": "seq,op,day,staff_id,first_name,last_name,email,phone,manager_id,is_active",
    "products": "seq,op,day,product_id,product_name,brand_name,category_name,model_year,list_price"
                ",is_active",
    "orders": "order_id,item_id,customer_id,store_id,staff_id,product_id,order_date,required_date"
              ",shipped_date,order_status_id,quantity,list_price,discount,day",
}
GOOD = {
    "op": "I", "day": "2016-03-04", "first_name": "Debra", "last_name": "Burks", "phone": "555",
    "email": "d@bikes.shop", "street": "9273 Thorne Ave.", "city": "Orchard Park", "state": "NY",
    "zip_code": "14127", "is_active": "Y", "store_name": "Santa Cruz", "manager_id": "1",
    "product_name": "Trek 820", "brand_name": "Trek", "category_name": "Road", "model_year": "2016",
    "list_price": "379.99", "item_id": "1", "customer_id": "c", "store_id": "s", "staff_id": "t",
    "product_id": "p", "order_date": "2016-01-01", "required_date": "2016-01-03",
    "shipped_date": "2016-01-02", "order_status_id": "2", "quantity": "2", "discount": "0.20",
}

TEXTS = [
    None, "", " ", '"', '""', "'", "''", "\\", "\\N", "\\.", '\\"', "a,b", ",", "\n", "\r", "\r\n",
    "a\nb", "a\rb", "a\r\nb", '"a"\n', " lead", "trail ", "\t", "\ufeff", "\ufeffx", "\U0001f6b2",
    "\u00e9", "e\u0301", "\u2028", "a\u2029b", "\u0085", "\u00a0", "\x01", "\x7f", "\ufffd", "#", "#x", "--",
    "NULL", "null", "NaN", "Infinity", "-Infinity", "inf", "Y", "N", "y", "n", "true", "t", "x" * 3000,
]
NUMBERS = [
    "0", "-0", "00", "1", "01", "+1", " 1", "1 ", "1\n", "1.0", "1.5", "2.5", "1e3", "1_000", "0x1F", "1.",
    "1,5", "\u0663", "\uff11", "2147483647", "2147483648", "-2147483648", "-2147483649",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "9999999", "10000000", "-9999999", "-10000000", "0.00", "-0.00", "0.005", "0.05", "0.2", ".2", "1.00",
    "9.99", "-9.99", "9.994", "9.995", "10.00", "99999999.99", "100000000.00", "-99999999.99", "99999999.995",
    "0.125", "1e-2", "9" * 40,
]
DAYS = [
    "2016-01-01", "2016-1-1", "2016/01/01", "2016", "2016-01", "2016-02-29", "2017-02-29", "2016-02-30",
    "2016-13-01", "0000-01-01", "0001-01-01", "0044-03-15 BC", "-0001-01-01", "1582-10-10", "1899-12-31",
    "1900-01-01", "2199-12-31", "2200-01-01", "9999-12-31", "10000-01-01", "+10000-01-01", "infinity",
    "-infinity", "epoch", "today", "now", " 2016-01-01", "2016-01-01 ", "2016-01-01T00:00:00",
    "2016-01-01 00:00:00", "2016-01-01 00:00:00+05:30", "20160101", "01-01-2016", "1/8/1999",
]


def lengths():
    """At the limits of the warehouse's columns, which count bytes; in letters of 1, 2 and 4."""
    for limit, over, letter in itertools.product((2, 5, 15, 255), (0, 1), ("a", "\u00e9", "\U0001f6b2")):
        count, rest = divmod(limit + over, len(letter.encode()))
        yield letter * count + "a" * rest


VALUES = list(dict.fromkeys([*TEXTS, *NUMBERS, *DAYS, *lengths()]))


def rows(entity):
    """Each row has a key of its own, and its value in one column; then some in several; then pairs."""
    columns = COLUMNS[entity].split(",")
    key = "order_id" if entity == "orders" else columns[3]
    number = itertools.count(1)

    def row(**values):
        n = next(number)
        base = {**GOOD, "seq": str(n), key: f"k{n}"}
        return [{**base, **values}[column] for column in columns]

    for column, value in itertools.product(columns, VALUES):
        yield row(**{column: value})
    dice = random.Random(entity)
    for _ in range(300):
        yield row(**{dice.choice([c for c in columns if c != key]): dice.choice(VALUES) for _ in range(3)})
    if entity == "orders":
        for price, quantity, discount in itertools.product(
                ("0.01", "0.05", "0.15", "1.01", "-0.05", "33333333.33", "99999999.99", "-99999999.99"),
                ("0", "1", "-1", "3", "9999999", "-9999999"),
                ("0.00", "0.05", "0.15", "0.50", "0.95", "1.00", "9.99", "-0.05", "-9.99", "0.33")):
            yield row(list_price=price, quantity=quantity, discount=discount)
        return
    for n in range(200):   # a key's images: several a day, days that go back, deletions
        day = f"2016-03-{dice.randint(1, 9):02}"
        yield row(**{key: f"image{n % 20}", "day": day, "is_active": dice.choice("YYYN"),
                     columns[4]: dice.choice(VALUES)})


def csv(connection, entity):
    """PostgreSQL's own text, with a header, and how many rows it has."""
    names = ", ".join(f'"{c}" text' for c in COLUMNS[entity].split(","))
    copied = bytearray()
    with connection.transaction():
        cursor = connection.cursor()
        cursor.execute(f"CREATE TEMP TABLE evil ({names}) ON COMMIT DROP")
        with cursor.copy("COPY evil FROM STDIN") as copy:
            for count, row in enumerate(rows(entity), 1):
                copy.write_row(row)
        with cursor.copy("COPY evil TO STDOUT (FORMAT csv, HEADER true)") as copy:
            for block in copy:
                copied += block
    return bytes(copied), count
