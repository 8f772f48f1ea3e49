//! A way to a server that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on until it is cut.
pub struct Proxy {
    pub port: u16,
    cut: watch::Sender<bool>,
}

impl Proxy {
    /// A way to this port of the loopback interface.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (cut, state) = watch::channel(false);
        tokio::spawn(serve(listener, SocketAddr::from(([127, 0, 0, 1], port)), state));
        Self { port: own, cut }
    }

    /// Ends all connections, and every new one at once.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, state: watch::Receiver<bool>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut state = state.clone();
        tokio::spawn(async move {
            if *state.borrow() {
                return;
            }
            let Ok(mut server) = TcpStream::connect(server).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = state.wait_for(|cut| *cut) => {}
            }
        });
    }
}
