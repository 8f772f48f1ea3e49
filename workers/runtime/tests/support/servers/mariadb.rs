//! A MariaDB server.

use std::sync::OnceLock;

use super::{command, finish, folder, free_port, program, serve_unprivileged};

/// Its URL; the first to ask starts it.
pub fn url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
        let find = |name| program(name, &folders, "mariadb-server");
        let (folder, port) = (folder("mariadb"), free_port());
        let data = format!("--datadir={}", folder.join("data").display());
        let mut install = command(&find("mariadb-install-db"), &folder);
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data]);
        finish(install);
        std::fs::write(folder.join("init.sql"), "CREATE DATABASE test;").unwrap();
        let mut server = command(&find("mariadbd"), &folder);
        server.args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0", &data]);
        server.args([format!("--port={port}"), format!("--socket={}", folder.join("socket").display())]);
        server.arg(format!("--init-file={}", folder.join("init.sql").display()));
        serve_unprivileged(server, &folder, port);
        format!("mysql://root@127.0.0.1:{port}/test")
    })
}
