//! A key set on loopback that counts its fetches.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The server. It ends with the test's runtime.
pub struct KeySet {
    pub url: String,
    answer: Arc<Mutex<Answer>>,
    fetches: Arc<AtomicUsize>,
}

/// The response: a status with further header lines and a body, or nothing at all.
#[derive(Clone)]
pub enum Answer {
    Reply(String, String),
    Nothing,
}

impl KeySet {
    pub async fn serve(answer: Answer) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/pool/.well-known/jwks.json", listener.local_addr()?);
        let served = Self { url, answer: Arc::new(Mutex::new(answer)), fetches: Arc::default() };
        let (answer, fetches) = (served.answer.clone(), served.fetches.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                fetches.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
                tokio::spawn(reply(stream, answer));
            }
        });
        Ok(served)
    }

    pub fn now_answers(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl Answer {
    pub fn keys<'a>(jwks: impl IntoIterator<Item = &'a Value>) -> Self {
        Self::ok(json!({ "keys": jwks.into_iter().collect::<Vec<_>>() }).to_string())
    }

    pub fn ok(body: String) -> Self {
        Self::Reply("200 OK".to_owned(), body)
    }
}

/// Responds to one request. A client that has disconnected is ignored.
async fn reply(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let Answer::Reply(status, body) = answer else { return Ok(()) };
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
