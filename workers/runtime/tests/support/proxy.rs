//! Ways to a server: one that can be cut, and one that loses a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on until it is cut.
pub struct Proxy {
    pub port: u16,
    cut: watch::Sender<bool>,
    muted: watch::Sender<()>,
}

impl Proxy {
    /// A way to this port of the loopback interface.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (cut, state) = watch::channel(false);
        let (muted, mute) = watch::channel(());
        tokio::spawn(serve(listener, SocketAddr::from(([127, 0, 0, 1], port)), state, mute));
        Self { port: own, cut, muted }
    }

    /// Leaves the connections of now open, and passes nothing more on of them, as a fail-over does that resets none.
    pub fn mute(&self) {
        self.muted.send_replace(());
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

async fn serve(listener: TcpListener, server: SocketAddr, state: watch::Receiver<bool>, mute: watch::Receiver<()>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let (mut state, mut mute) = (state.clone(), mute.clone());
        mute.mark_unchanged();
        tokio::spawn(async move {
            if *state.borrow() {
                return;
            }
            let Ok(mut server) = TcpStream::connect(server).await else { return };
            let muted = tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => false,
                _ = state.wait_for(|cut| *cut) => false,
                Ok(()) = mute.changed() => true,
            };
            if muted {
                std::future::pending::<()>().await;
            }
        });
    }
}

/// Passes connections to this port on. The first request that contains this text has no answer, and what comes after it
/// on its connection has none either. Its port, and whether that has happened.
pub async fn losing(port: u16, text: &'static str) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let lost = Arc::<AtomicBool>::default();
    let told = Arc::clone(&lost);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let lost = Arc::clone(&lost);
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let ((mut asked, mut answer), (mut answered, mut ask)) = (client.into_split(), server.into_split());
                let answers = tokio::spawn(async move { copy(&mut answered, &mut answer).await });
                let mut part = vec![0; 65_536];
                while let Ok(length @ 1..) = asked.read(&mut part).await {
                    let has_it = String::from_utf8_lossy(&part[..length]).contains(text);
                    if has_it && !lost.swap(true, SeqCst) {
                        while let Ok(1..) = asked.read(&mut part).await {}
                        break;
                    }
                    if ask.write_all(&part[..length]).await.is_err() {
                        break;
                    }
                }
                answers.abort();
            });
        }
    });
    (own, told)
}
