//! SQLite on a database file: schema, inserts, indexes, joins, text search, updates, vacuum.
//!
//!     sqlite work FILE          every feature once, results printed as tables
//!     sqlite bench FILE ROWS    the same kinds of statement over ROWS rows, only sums printed
//!     sqlite exec FILE SQL...   runs the given statements and prints their rows

#include "driver.h"
#include "sqlite3.h"

static sqlite3 *database;

static int print_row(void *unused, int columns, char **values, char **names) {
    (void)unused;
    (void)names;
    for (int i = 0; i < columns; i++)
        printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    putchar('\n');
    return 0;
}

static void run(const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(database, sql, print_row, NULL, &message) != SQLITE_OK)
        driver_fail("%s in: %s", message ? message : "failure", sql);
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        driver_fail("%s in: %s", sqlite3_errmsg(database), sql);
    return statement;
}

static void step_done(sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) driver_fail("%s", sqlite3_errmsg(database));
    sqlite3_reset(statement);
}

static void open_database(const char *path) {
    // WASI has no file locks: the VFS without locking is the one that works everywhere.
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path, &database, flags, "unix-none") != SQLITE_OK)
        driver_fail("cannot open %s: %s", path, sqlite3_errmsg(database));
}

static uint32_t random_state = 20240229u;

static uint32_t next_random(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

static const char *const colours[] = {"red", "green", "blue", "black", "white", "grey"};
static const char *const towns[] = {"Aachen", "Bergen", "Cadiz", "Delft", "Evora", "Faro", "Ghent"};

/// Fills `customer`, `item` and `sale` with `rows` sales.
static void fill(int rows) {
    run("CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, town TEXT);"
        "CREATE TABLE item(id INTEGER PRIMARY KEY, label TEXT, colour TEXT, price REAL);"
        "CREATE TABLE sale(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id),"
        " item INTEGER REFERENCES item(id), amount INTEGER, note TEXT, data BLOB);");
    int customers = rows / 20 + 5, items = rows / 50 + 5;
    run("BEGIN");
    sqlite3_stmt *insert = prepare("INSERT INTO customer(name, town) VALUES(?1, ?2)");
    for (int i = 0; i < customers; i++) {
        char name[32];
        snprintf(name, sizeof name, "customer-%05d", i);
        sqlite3_bind_text(insert, 1, name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert, 2, towns[next_random(7)], -1, SQLITE_STATIC);
        step_done(insert);
    }
    sqlite3_finalize(insert);
    insert = prepare("INSERT INTO item(label, colour, price) VALUES(?1, ?2, ?3)");
    for (int i = 0; i < items; i++) {
        char label[32];
        snprintf(label, sizeof label, "item %x", i * 2654435761u);
        sqlite3_bind_text(insert, 1, label, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert, 2, colours[next_random(6)], -1, SQLITE_STATIC);
        sqlite3_bind_double(insert, 3, (double)next_random(100000) / 100);
        step_done(insert);
    }
    sqlite3_finalize(insert);
    insert = prepare("INSERT INTO sale(customer, item, amount, note, data) VALUES(?,?,?,?,?)");
    for (int i = 0; i < rows; i++) {
        uint8_t data[24];
        for (size_t j = 0; j < sizeof data; j++) data[j] = (uint8_t)next_random(256);
        sqlite3_bind_int(insert, 1, 1 + (int)next_random((uint32_t)customers));
        sqlite3_bind_int(insert, 2, 1 + (int)next_random((uint32_t)items));
        sqlite3_bind_int(insert, 3, (int)next_random(12) - 1);
        if (next_random(5) == 0)
            sqlite3_bind_null(insert, 4);
        else
            sqlite3_bind_text(insert, 4, colours[next_random(6)], -1, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 5, data, (int)next_random(sizeof data), SQLITE_TRANSIENT);
        step_done(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT");
    run("CREATE INDEX sale_customer ON sale(customer, amount);"
        "CREATE INDEX sale_item ON sale(item);"
        "CREATE UNIQUE INDEX customer_name ON customer(name);");
}

static void work(void) {
    run("PRAGMA journal_mode=DELETE; PRAGMA foreign_keys=ON;");
    fill(400);
    run("SELECT count(*), sum(amount), min(id), max(id), total(length(data)) FROM sale");
    run("SELECT town, count(DISTINCT customer.id), sum(amount * price) FROM sale"
        " JOIN customer ON customer.id = sale.customer JOIN item ON item.id = sale.item"
        " GROUP BY town HAVING sum(amount) > 0 ORDER BY 3 DESC");
    run("SELECT colour, printf('%.2f', avg(price)), group_concat(label, ',') FROM item"
        " GROUP BY colour ORDER BY colour");
    run("SELECT name, (SELECT count(*) FROM sale WHERE sale.customer = customer.id) AS n"
        " FROM customer LEFT JOIN sale ON sale.customer = customer.id AND sale.amount > 9"
        " WHERE sale.id IS NULL ORDER BY n DESC, name LIMIT 5");
    run("WITH RECURSIVE fibonacci(n, a, b) AS (SELECT 1, 0, 1 UNION ALL"
        " SELECT n + 1, b, a + b FROM fibonacci WHERE n < 60) SELECT max(a) FROM fibonacci");
    run("SELECT id, amount, sum(amount) OVER (PARTITION BY item ORDER BY id) FROM sale"
        " WHERE item < 4 ORDER BY item, id LIMIT 12");
    run("UPDATE sale SET note = upper(note) || '!' WHERE amount > 5;"
        "DELETE FROM sale WHERE amount < 0;"
        "SELECT note, count(*) FROM sale GROUP BY note ORDER BY 2, 1");
    run("BEGIN; DELETE FROM sale; ROLLBACK; SELECT count(*) FROM sale");
    run("CREATE VIRTUAL TABLE page USING fts5(title, body);"
        "INSERT INTO page SELECT label, colour || ' sold to ' || name FROM sale"
        " JOIN customer ON customer.id = sale.customer JOIN item ON item.id = sale.item;"
        "SELECT count(*) FROM page WHERE page MATCH 'blue AND sold';"
        "SELECT title FROM page WHERE page MATCH 'body:black' ORDER BY title LIMIT 3");
    run("CREATE TRIGGER counted AFTER INSERT ON sale BEGIN"
        " UPDATE customer SET town = 'Zagreb' WHERE id = new.customer; END;"
        "INSERT INTO sale(customer, item, amount) VALUES(1, 1, 100);"
        "SELECT town FROM customer WHERE id = 1");
    run("SELECT json_extract('{\"a\":[1,2,{\"b\":3.5}]}', '$.a[2].b'), round(sqrt(2), 9),"
        " hex(substr(zeroblob(4) || 'x', 1)), date(86400 * 366, 'unixepoch'), 1e300 * 10,"
        " 9223372036854775807 / 7, -7 % 3, 0.1 + 0.2, like('a%c', 'abc')");
    run("EXPLAIN QUERY PLAN SELECT * FROM sale WHERE customer = 3 AND amount > 2");
    run("VACUUM; PRAGMA integrity_check; PRAGMA page_count");
    if (sqlite3_exec(database, "INSERT INTO sale(customer) VALUES(999999)", NULL, NULL, NULL) !=
        SQLITE_CONSTRAINT)
        driver_fail("a broken foreign key was accepted");
    printf("expected failure: %s\n", sqlite3_errmsg(database));
}

static void bench(int rows) {
    run("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000;");
    fill(rows);
    run("SELECT count(*), sum(amount), total(length(data)) FROM sale");
    run("SELECT town, count(*), round(sum(amount * price), 2) FROM sale"
        " JOIN customer ON customer.id = sale.customer JOIN item ON item.id = sale.item"
        " GROUP BY town ORDER BY town");
    run("SELECT sum(n) FROM (SELECT count(*) AS n FROM sale a JOIN sale b"
        " ON b.customer = a.customer AND b.amount > a.amount WHERE a.amount >= 3 GROUP BY a.item)");
    sqlite3_stmt *select = prepare("SELECT amount, note FROM sale WHERE id = ?1");
    sqlite3_int64 sum = 0;
    for (int i = 0; i < rows; i++) {
        sqlite3_bind_int(select, 1, 1 + (int)next_random((uint32_t)rows));
        if (sqlite3_step(select) == SQLITE_ROW)
            sum += sqlite3_column_int(select, 0) + sqlite3_column_bytes(select, 1);
        sqlite3_reset(select);
    }
    sqlite3_finalize(select);
    printf("%lld\n", (long long)sum);
    run("SELECT count(*) FROM sale WHERE note LIKE '%ee%' AND hex(data) LIKE '%0A%'");
    run("UPDATE sale SET amount = amount + 1, note = note || '-' WHERE id % 3 = 0;"
        "DELETE FROM sale WHERE id % 7 = 0; SELECT sum(amount), total(length(note)) FROM sale");
    run("SELECT customer, sum(amount) OVER (PARTITION BY customer ORDER BY id) AS s FROM sale"
        " ORDER BY s DESC, customer LIMIT 3");
    run("PRAGMA integrity_check");
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s work FILE | bench FILE ROWS | exec FILE SQL...\n", argv[0]);
        return 2;
    }
    open_database(argv[2]);
    if (strcmp(argv[1], "work") == 0) {
        work();
    } else if (strcmp(argv[1], "bench") == 0 && argc == 4) {
        bench(atoi(argv[3]));
    } else if (strcmp(argv[1], "exec") == 0) {
        for (int i = 3; i < argc; i++) run(argv[i]);
    } else {
        driver_fail("unknown command: %s", argv[1]);
    }
    if (sqlite3_close(database) != SQLITE_OK) driver_fail("cannot close the database");
    return 0;
}
