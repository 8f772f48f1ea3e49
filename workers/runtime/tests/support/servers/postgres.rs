//! A PostgreSQL server.

use std::sync::OnceLock;

use super::{command, finish, folder, free_port, program, serve_unprivileged};

/// Its URL; the first to ask starts it.
pub fn url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let folders = ["/usr/lib/postgresql/*/bin", "/usr/local/bin", "/opt/homebrew/bin"];
        let find = |name| program(name, &folders, "postgresql");
        let (folder, port) = (folder("postgres"), free_port());
        let data = folder.join("data");
        let mut init = command(&find("initdb"), &folder);
        init.args(["--auth=trust", "--username=test", "--encoding=UTF8", "--no-sync", "--pgdata"]).arg(&data);
        finish(init);
        let mut server = command(&find("postgres"), &folder);
        server.arg("-D").arg(&data).arg("-k").arg(&folder);
        server.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-F", "-c", "max_connections=200"]);
        serve_unprivileged(server, &folder, port);
        format!("postgres://test@127.0.0.1:{port}/postgres")
    })
}
