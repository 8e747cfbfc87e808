//! A network with a server, a director and nodes in containers, gone with the test.

use futures_util::StreamExt;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt,
    bollard::{
        Docker,
        container::LogOutput,
        models::{
            ContainerCreateBody, HostConfig, HostConfigLogConfig, NetworkConnectRequest,
            NetworkDisconnectRequest,
        },
        query_parameters::{
            AttachContainerOptionsBuilder, CreateContainerOptions, KillContainerOptions,
            RemoveContainerOptionsBuilder, StartContainerOptions,
        },
    },
    core::{WaitFor, client::docker_client_instance},
    runners::AsyncRunner,
};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    time::{Instant, sleep},
};

/// How long a condition may take unless a test says otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

static NETWORKS: AtomicU32 = AtomicU32::new(0);

/// A private network with a server and a director in it.
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) server: ContainerAsync<GenericImage>,
    pub(crate) director: Option<ContainerAsync<GenericImage>>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let count = NETWORKS.fetch_add(1, Ordering::Relaxed);
        let name = format!("chat-test-{}-{count}", std::process::id());
        let server = hardened(
            GenericImage::new("chat/nats", "local")
                .with_wait_for(WaitFor::message_on_stderr("Server is ready"))
                .with_network(&name)
                .with_container_name(format!("{name}-nats")),
        );
        let server = server.start().await.expect("`make images` has built chat/nats:local");
        let mut site = Self { name, server, director: None };
        site.restart_director().await;
        site
    }

    /// Kills the director, if there is one, and starts another.
    pub(crate) async fn restart_director(&mut self) {
        self.kill_director().await;
        self.director = Some(start_director(&self.name, &self.url()).await);
    }

    pub(crate) async fn kill_director(&mut self) {
        if let Some(director) = self.director.take() {
            director.rm().await.expect("it can be removed");
        }
    }

    /// Kills the server and starts it again.
    pub(crate) async fn restart_server(&self) {
        self.server.stop_with_timeout(Some(0)).await.expect("it stops");
        self.server.start().await.expect("it starts again");
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}-nats:4222", self.name)
    }

    /// A node in a container of this network.
    pub(crate) async fn node(&self, arguments: &[&str]) -> Node {
        let mut all = vec!["--json"];
        all.extend(arguments);
        Node::start(&self.name, &self.url(), "chat/node:local", &all).await
    }

    /// A raw subscriber in a container of this network, once it is subscribed.
    pub(crate) async fn tap(&self, subject: &str) -> Node {
        let address = format!("{}-nats:4222", self.name);
        let tap =
            Node::start(&self.name, &self.url(), "chat/nats-sub:local", &[&address, subject]).await;
        tap.within(PATIENCE, "subscribed", || tap.stderr().contains("subscribed").then_some(()))
            .await;
        tap
    }

    pub(crate) async fn open(&self, nick: &str) -> (Node, String) {
        self.open_with(nick, &[]).await
    }

    pub(crate) async fn open_with(&self, nick: &str, options: &[&str]) -> (Node, String) {
        let node = self.node(&[&["start", "--nick", nick], options].concat()).await;
        let invite = node.ready().await["invite"].as_str().unwrap_or_default().to_owned();
        (node, invite)
    }

    pub(crate) async fn join(&self, invite: &str, nick: &str) -> Node {
        let node = self.node(&["join", invite, "--nick", nick]).await;
        node.ready().await;
        node
    }

    pub(crate) async fn cut(&self, node: &Node) {
        disconnect(&node.docker, &node.id, &self.name).await;
    }

    pub(crate) async fn reconnect(&self, node: &Node) {
        connect(&node.docker, &node.id, &self.name).await;
    }
}

/// A director in a container of this network, once it serves.
pub(crate) async fn start_director(network: &str, url: &str) -> ContainerAsync<GenericImage> {
    let request = GenericImage::new("chat/director", "local")
        .with_wait_for(WaitFor::message_on_stderr("director ready"))
        .with_network(network)
        .with_env_var("NATS_URL", url);
    hardened(request).start().await.expect("`make images` has built chat/director:local")
}

/// Takes a container out of a network.
pub(crate) async fn disconnect(docker: &Docker, container: &str, network: &str) {
    let request = NetworkDisconnectRequest { container: container.into(), force: Some(true) };
    docker.disconnect_network(network, request).await.expect("it can be cut off");
}

/// Puts a container into a network.
pub(crate) async fn connect(docker: &Docker, container: &str, network: &str) {
    let request = NetworkConnectRequest { container: container.into(), endpoint_config: None };
    docker.connect_network(network, request).await.expect("it can be connected");
}

/// As in docker-compose.yml: read-only, without capabilities.
pub(crate) fn hardened(request: ContainerRequest<GenericImage>) -> ContainerRequest<GenericImage> {
    request.with_host_config_modifier(|host| {
        host.readonly_rootfs = Some(true);
        host.cap_drop = Some(vec!["ALL".into()]);
        host.dns_options = Some(vec!["timeout:1".into(), "attempts:1".into()]);
    })
}

/// A node in a container: attached, so that its output is in this process and in no log.
pub(crate) struct Node {
    pub(crate) docker: Docker,
    pub(crate) id: String,
    stdin: Option<std::pin::Pin<Box<dyn AsyncWrite + Send>>>,
    output: Arc<Mutex<Output>>,
}

#[derive(Default)]
struct Output {
    pending: Vec<u8>,
    lines: Vec<String>,
    stderr: String,
}

impl Output {
    fn take(&mut self, message: &[u8]) {
        self.pending.extend_from_slice(message);
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<_> = self.pending.drain(..=end).collect();
            self.lines.push(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

impl Node {
    pub(crate) async fn start(network: &str, url: &str, image: &str, arguments: &[&str]) -> Self {
        let docker = docker_client_instance().await.expect("a docker daemon");
        let docker: Docker = docker.clone();
        let host = HostConfig {
            network_mode: Some(network.into()),
            readonly_rootfs: Some(true),
            cap_drop: Some(vec!["ALL".into()]),
            dns_options: Some(vec!["timeout:1".into(), "attempts:1".into()]),
            // What a node prints is the discussion: no log of it, as in docker-compose.yml.
            log_config: Some(HostConfigLogConfig { typ: Some("none".into()), config: None }),
            ..HostConfig::default()
        };
        let body = ContainerCreateBody {
            image: Some(image.into()),
            cmd: Some(arguments.iter().map(ToString::to_string).collect()),
            env: Some(vec![format!("NATS_URL={url}")]),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            labels: Some(
                [("org.testcontainers.managed-by".into(), "testcontainers".into())].into(),
            ),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        };
        let created = docker.create_container(None::<CreateContainerOptions>, body).await;
        let id = created.expect("`make images` has built the image").id;
        let options = AttachContainerOptionsBuilder::default()
            .stdin(true)
            .stdout(true)
            .stderr(true)
            .stream(true)
            .build();
        let attached = docker.attach_container(&id, Some(options)).await.expect("attached");
        docker.start_container(&id, None::<StartContainerOptions>).await.expect("it starts");
        let output = Arc::new(Mutex::new(Output::default()));
        let sink = output.clone();
        let mut stream = attached.output;
        tokio::spawn(async move {
            while let Some(Ok(chunk)) = stream.next().await {
                let mut sink = sink.lock().expect("no holder panics");
                match chunk {
                    LogOutput::StdErr { message } => {
                        sink.stderr += &String::from_utf8_lossy(&message);
                    }
                    other => sink.take(&other.into_bytes()),
                }
            }
        });
        Self { docker, id, stdin: Some(attached.input), output }
    }

    /// Lines printed so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.output.lock().expect("no holder panics").lines.clone()
    }

    pub(crate) fn stderr(&self) -> String {
        self.output.lock().expect("no holder panics").stderr.clone()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let event = |line: String| {
            serde_json::from_str(&line).unwrap_or_else(|_| json!({ "garbage": line }))
        };
        self.lines().into_iter().map(event).collect()
    }

    pub(crate) async fn wait_for_line(&self, text: &str) {
        let found = || self.lines().iter().any(|line| line.contains(text)).then_some(());
        self.within(PATIENCE, text, found).await;
    }

    pub(crate) fn messages(&self) -> usize {
        self.events().iter().filter(|event| event["event"] == "message").count()
    }

    pub(crate) async fn wait_for(&self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        let found = || self.events().into_iter().find(|event| matches(event));
        self.within(PATIENCE, what, found).await
    }

    pub(crate) async fn within<T>(
        &self,
        patience: Duration,
        what: &str,
        mut condition: impl FnMut() -> Option<T>,
    ) -> T {
        let begun = Instant::now();
        loop {
            if let Some(met) = condition() {
                return met;
            }
            if begun.elapsed() > patience {
                let lines = self.lines();
                let last = &lines[lines.len().saturating_sub(12)..];
                panic!("not within {patience:?}: {what}\n{}\n{}", last.join(""), self.stderr());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn ready(&self) -> Value {
        self.wait_for("ready", |event| event["event"] == "ready").await
    }

    pub(crate) async fn wait_for_text(&self, text: &str) -> Value {
        self.wait_for(text, |event| event["event"] == "message" && event["text"] == text).await
    }

    pub(crate) async fn wait_for_messages(&self, patience: Duration, count: usize) {
        let enough = || (self.messages() >= count).then_some(());
        self.within(patience, &format!("{count} messages"), enough).await;
    }

    pub(crate) async fn wait_for_agreement(&self, patience: Duration, members: usize) -> String {
        let agreed = || {
            let last = self.events().into_iter().rfind(|event| event["event"] == "agreement")?;
            (last["same"] == members && last["of"] == members).then(|| last["digest"].to_string())
        };
        self.within(patience, &format!("agreement of {members}"), agreed).await
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let line = format!("{}\n", json!({ "say": text }));
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(line.as_bytes()).await.expect("the node reads");
        stdin.flush().await.expect("the node reads");
    }

    /// Ends its input; its `closed` event.
    pub(crate) async fn closed(&mut self) -> Value {
        if let Some(mut stdin) = self.stdin.take() {
            let _ = stdin.shutdown().await;
        }
        self.wait_for("closed", |event| event["event"] == "closed").await
    }

    pub(crate) async fn kill(&self) {
        self.docker.kill_container(&self.id, None::<KillContainerOptions>).await.expect("killed");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let (docker, id) = (self.docker.clone(), self.id.clone());
        let remove = async move {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            let _ = docker.remove_container(&id, Some(options)).await;
        };
        // The test's runtime may be about to end, so wait for the removal on a thread.
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| runtime.block_on(remove));
    }
}
