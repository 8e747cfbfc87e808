//! Three servers in two halves, a director in each, and nodes that talk all the time.
//!
//! Server 1 stands in both networks: the near one, where the other servers are, and the far one,
//! where its own clients are. Taken out of the near one, it and its clients are one half.

use crate::harness::{self, Node, hardened};
use std::time::Duration;
use tempfile::TempDir;
use testcontainers::{
    ContainerAsync, GenericImage, ImageExt,
    bollard::{Docker, query_parameters::KillContainerOptionsBuilder},
    core::{Mount, WaitFor, client::docker_client_instance},
    runners::AsyncRunner,
};

pub(crate) struct Cluster {
    name: String,
    pub(crate) docker: Docker,
    pub(crate) servers: Vec<ContainerAsync<GenericImage>>,
    pub(crate) directors: Vec<ContainerAsync<GenericImage>>,
    /// The servers' configuration, which they read anew when told to.
    folder: TempDir,
}

impl Cluster {
    /// `settings` are added to the servers' configuration.
    pub(crate) async fn start(name: &str, settings: &str) -> Self {
        let name = format!("chat-faults-{}-{name}", std::process::id());
        let docker: Docker = docker_client_instance().await.expect("a docker daemon").clone();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut cluster = Self { name, docker, servers: vec![], directors: vec![], folder };
        cluster.configure(settings);
        for number in 1..=3 {
            let server = cluster.server(number).await;
            cluster.servers.push(server);
        }
        cluster.connect(cluster.servers[0].id()).await;
        for (network, url) in
            [(cluster.far(), cluster.url(&[1])), (cluster.near(), cluster.url(&[2, 3]))]
        {
            cluster.directors.push(harness::start_director(&network, &url).await);
        }
        cluster
    }

    pub(crate) fn near(&self) -> String {
        self.name.clone()
    }

    pub(crate) fn far(&self) -> String {
        format!("{}-far", self.name)
    }

    pub(crate) fn url(&self, servers: &[usize]) -> String {
        let url = |number: &usize| format!("nats://{}-n{number}:4222", self.name);
        servers.iter().map(url).collect::<Vec<_>>().join(",")
    }

    /// Writes the configuration that the repository has, and what a test adds.
    pub(crate) fn configure(&self, settings: &str) {
        let nats = concat!(env!("CARGO_MANIFEST_DIR"), "/../nats/");
        let read = |file: &str| std::fs::read_to_string(format!("{nats}{file}")).expect(file);
        let plain = if settings.contains("jetstream") {
            read("nats.conf").replace("jetstream: disabled", "")
        } else {
            read("nats.conf")
        };
        let write = |file: &str, text: String| {
            std::fs::write(self.folder.path().join(file), text).expect("it can be written");
        };
        write("nats.conf", format!("{plain}\n{settings}\n"));
        write("cluster.conf", read("cluster.conf"));
    }

    async fn server(&self, number: usize) -> ContainerAsync<GenericImage> {
        use std::os::unix::fs::PermissionsExt;
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.folder.path(), open).expect("it is ours");
        let route = |number| format!("nats-route://{}-n{number}:6222", self.name);
        let routes = [1, 2, 3].map(route).join(", ");
        let own = format!("{}-n{number}", self.name);
        let request = GenericImage::new("chat/nats", "local")
            .with_wait_for(WaitFor::message_on_stderr("Server is ready"))
            .with_network(if number == 1 { self.far() } else { self.near() })
            .with_container_name(&own)
            .with_env_var("NATS_NAME", &own)
            .with_env_var("NATS_ADVERTISE", format!("{own}:4222"))
            .with_env_var("NATS_ROUTES", format!("[{routes}]"))
            .with_mount(Mount::bind_mount(self.folder.path().display().to_string(), "/conf"))
            .with_mount(Mount::tmpfs_mount("/store"))
            .with_cmd(["-c", "/conf/cluster.conf"]);
        hardened(request).start().await.expect("`make images` has built chat/nats:local")
    }

    /// A node that is told of this server only; it learns of the others there.
    pub(crate) async fn node(&self, server: usize, arguments: &[&str]) -> Node {
        let network = if server == 1 { self.far() } else { self.near() };
        let arguments = [&["--json"], arguments].concat();
        Node::start(&network, &self.url(&[server]), "chat/node:local", &arguments).await
    }

    /// Puts a container into the near network.
    pub(crate) async fn connect(&self, container: &str) {
        harness::connect(&self.docker, container, &self.near()).await;
    }

    /// Takes a container out of the near network.
    pub(crate) async fn disconnect(&self, container: &str) {
        harness::disconnect(&self.docker, container, &self.near()).await;
    }

    pub(crate) async fn signal(&self, container: &str, signal: &str) {
        let options = KillContainerOptionsBuilder::default().signal(signal).build();
        self.docker.kill_container(container, Some(options)).await.expect("it runs");
    }

    pub(crate) async fn wait_until_ended(&self, container: &str) {
        let ended = async {
            while self.is_running(container).await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ended).await.expect("it ends");
    }

    /// Makes a stream that keeps the rooms' messages, once the servers can, and again while the
    /// answer is held: servers that have just turned to JetStream forget a first one.
    pub(crate) async fn recorder(&self) -> Recorder {
        let inspected = self.docker.inspect_container(
            self.servers[1].id(),
            None::<testcontainers::bollard::query_parameters::InspectContainerOptions>,
        );
        let networks = inspected.await.expect("it is there").network_settings;
        let networks = networks.and_then(|settings| settings.networks).expect("it has networks");
        let address = networks[&self.near()].ip_address.clone().expect("an address");
        let client = async_nats::connect(address).await.expect("the host reaches its containers");
        let stream = serde_json::json!({ "name": "SPY", "subjects": ["chat.room.*.msg"],
            "storage": "memory", "num_replicas": 1 });
        let make = async move || {
            let payload = stream.to_string().into();
            let answer = client.request("$JS.API.STREAM.CREATE.SPY", payload).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            answer
                .is_ok_and(|answer| !String::from_utf8_lossy(&answer.payload).contains("\"error\""))
        };
        let made = async { while !make().await {} };
        tokio::time::timeout(Duration::from_secs(30), made).await.expect("JetStream is on");
        Recorder(tokio::spawn(async move {
            loop {
                make().await;
            }
        }))
    }

    async fn is_running(&self, container: &str) -> bool {
        let state = self
            .docker
            .inspect_container(
                container,
                None::<testcontainers::bollard::query_parameters::InspectContainerOptions>,
            )
            .await;
        state.ok().and_then(|found| found.state?.running).unwrap_or(false)
    }
}

/// See [`Cluster::recorder`].
pub(crate) struct Recorder(tokio::task::JoinHandle<()>);

impl Drop for Recorder {
    fn drop(&mut self) {
        self.0.abort();
    }
}
