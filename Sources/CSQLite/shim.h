/* SQLite as Debian's libsqlite3-dev brings it, for the databases of sweeps. */
#include <sqlite3.h>
