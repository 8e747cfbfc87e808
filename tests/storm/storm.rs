//! Seats at a table in a storm: carries out a schedule, then waits for calm.

use crate::{
    node::Node,
    schedule::{Action, Seat, Step},
    table::Counts,
};
use chat_tests::{Director, Proxy, Server};
use std::{
    collections::HashSet,
    fs, io, mem,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

/// After the last fault all must agree within this time.
const CALM: Duration = Duration::from_secs(60);
/// A joiner that failed tries again after this.
const RETRY: Duration = Duration::from_secs(1);
/// Exit codes of joiners that found no server, no director and nobody, a discussion that seemed
/// over, or a server that fell silent.
const EXCUSES: RangeInclusive<i32> = 3..=6;
/// While nothing is due, joiners are looked after this often.
const LOOK: Duration = Duration::from_millis(20);

/// See the module.
pub(crate) struct Storm {
    server: Server,
    _director: Director,
    invite: String,
    seats: Vec<Place>,
    /// Those who have left or were killed since the last quiet point.
    gone: Vec<Node>,
    /// How many nodes there were.
    pub(crate) nodes: usize,
    pub(crate) begun: Instant,
    pub(crate) faults: Counts,
    /// Messages of those who are not there any more.
    pub(crate) said: Counts,
    pub(crate) failed_joins: Counts,
    /// Where what happened is kept, if it fails.
    logs: PathBuf,
    done: String,
}

struct Place {
    link: Proxy,
    node: Node,
    retry: Option<Instant>,
}

impl Storm {
    /// All seats taken, everyone in the room, and no fault yet.
    pub(crate) fn brew(seed: u64, seats: usize) -> Self {
        let server = Server::as_deployed();
        let director = Director::start(&server.url());
        let link = Proxy::to(server.port());
        let (founder, invite) = Node::founder(&link.url(), "n1".to_owned());
        let mut storm = Self {
            server,
            _director: director,
            invite,
            seats: vec![Place { link, node: founder, retry: None }],
            gone: Vec::new(),
            nodes: 1,
            begun: Instant::now(),
            faults: Counts::default(),
            said: Counts::default(),
            failed_joins: Counts::default(),
            logs: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("storm-{seed}")),
            done: String::new(),
        };
        for _ in 1..seats {
            let link = Proxy::to(storm.server.port());
            let nick = storm.next_nick();
            let node = Node::joining(&link.url(), &storm.invite, nick);
            storm.seats.push(Place { link, node, retry: None });
        }
        storm.wait(Instant::now(), "all are in the room", Self::all_in);
        storm
    }

    /// Carries out the schedule, which ends all its faults.
    pub(crate) fn rage(&mut self, steps: &[Step]) {
        let begun = Instant::now();
        for step in steps {
            self.look_after_joiners();
            while begun.elapsed() < step.at {
                thread::sleep(step.at.saturating_sub(begun.elapsed()).min(LOOK));
                self.look_after_joiners();
            }
            if self.act(step.action) {
                self.note(step.action);
            }
        }
    }

    fn note(&mut self, action: Action) {
        if let Some(kind) = action.kind() {
            self.faults.add(kind);
        }
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since_1970.unwrap_or_default().as_secs_f64();
        let nicks = self.seats.iter().map(|place| place.node.nick.as_str());
        let nicks: Vec<_> = nicks.collect();
        self.done += &format!("{seconds:.3} {action:?} {}\n", nicks.join(" "));
    }

    /// Does it, if it can be done; whether it could.
    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Say(seat) => {
                let node = &mut self.seats[seat].node;
                let is_in = node.is_in();
                if is_in {
                    node.say();
                }
                return is_in;
            }
            Action::Inject(seat, fault) => self.seats[seat].link.inject(fault),
            Action::Heal(seat) => self.seats[seat].link.heal(),
            Action::Pause(seat) => return self.seats[seat].signal("STOP"),
            Action::Resume(seat) => return self.seats[seat].signal("CONT"),
            Action::Crash(seat) => {
                if !self.seats[seat].signal("KILL") {
                    return false;
                }
                let mut node = self.replace(seat);
                node.chat.wait();
                self.gone.push(node);
            }
            Action::Leave(seat) => {
                if !self.seats[seat].node.is_in() {
                    return false;
                }
                let mut node = self.replace(seat);
                node.chat.close_stdin();
                node.left = true;
                self.gone.push(node);
            }
            Action::KillServer => self.server.kill(),
            Action::RestartServer => self.server.restart(),
        }
        true
    }

    /// Seats another node; the one that sat there.
    fn replace(&mut self, seat: Seat) -> Node {
        let nick = self.next_nick();
        let place = &mut self.seats[seat];
        place.retry = None;
        let next = Node::joining(&place.link.url(), &self.invite, nick);
        mem::replace(&mut place.node, next)
    }

    fn next_nick(&mut self) -> String {
        self.nodes += 1;
        format!("n{}", self.nodes)
    }

    /// A joiner that found nobody, or no server, tries again: in a storm that is no failure.
    fn look_after_joiners(&mut self) {
        for seat in 0..self.seats.len() {
            let place = &mut self.seats[seat];
            let is_in = place.node.is_in();
            if !place.node.has_ended() {
                continue;
            }
            let nick = &place.node.nick;
            assert!(!is_in, "{nick} has ended by itself\n{}", place.node.chat.state());
            let at = *place.retry.get_or_insert_with(|| Instant::now() + RETRY);
            if at <= Instant::now() {
                let mut failed = self.replace(seat);
                let code = failed.chat.wait();
                assert!(EXCUSES.contains(&code), "{code}: {}", failed.state());
                self.failed_joins.add(code.to_string());
            }
        }
    }

    /// Everyone is in the room and says a last word. How long it takes from now until all
    /// show them all and have the same transcript, and until each knows that it is the same
    /// for all, those killed being gone.
    pub(crate) fn calm(&mut self) -> [Duration; 2] {
        let since = Instant::now();
        self.wait(since, "all are in the room", Self::all_in);
        self.seats.iter_mut().for_each(|place| place.node.say());
        self.wait(since, "all have the same transcript", Self::equal);
        let equal_after = since.elapsed();
        self.wait(since, "all agree that it is the same", Self::agreed);
        [equal_after, since.elapsed()]
    }

    /// Everyone leaves.
    pub(crate) fn close(&mut self) {
        for place in &mut self.seats {
            place.node.chat.closed();
        }
    }

    /// Those in the room.
    pub(crate) fn living(&self) -> Vec<&Node> {
        self.seats.iter().map(|place| &place.node).collect()
    }

    /// Those who are not there any more, and not forgotten.
    pub(crate) fn gone(&mut self) -> &mut [Node] {
        &mut self.gone
    }

    /// They were judged: what they printed isn't needed any more.
    pub(crate) fn forget_gone(&mut self) {
        for node in self.gone.drain(..) {
            let who = if node.left { "by those who left" } else { "by those killed" };
            self.said.add_many(who, node.said.len());
        }
    }

    /// KiB of memory that each living node holds.
    pub(crate) fn memory(&mut self) -> Vec<u64> {
        let of = |place: &mut Place| place.node.chat.process().memory();
        self.seats.iter_mut().filter_map(of).collect()
    }

    fn wait(&mut self, since: Instant, what: &str, met: impl Fn(&mut Self) -> bool) {
        while !met(self) {
            self.look_after_joiners();
            assert!(since.elapsed() < CALM, "not within {CALM:?}: {what}\n{}", self.state());
            thread::sleep(LOOK);
        }
    }

    fn all_in(&mut self) -> bool {
        self.seats.iter_mut().all(|place| place.node.is_in())
    }

    fn equal(&mut self) -> bool {
        let living = self.living();
        let digests: Vec<_> = living.iter().map(|node| node.agreement().digest).collect();
        let last_words = living.iter().filter_map(|node| node.said.last());
        let last_words: HashSet<_> = last_words.map(|said| said.text.as_str()).collect();
        digests.windows(2).all(|pair| pair[0] == pair[1])
            && living.iter().all(|node| node.shows_all(&last_words))
    }

    fn agreed(&mut self) -> bool {
        let all = u64::try_from(self.seats.len()).unwrap_or(u64::MAX);
        let alike = |node: &Node| {
            let told = node.agreement();
            (told.same, told.of) == (all, all)
        };
        self.equal() && self.living().into_iter().all(alike)
    }

    fn state(&self) -> String {
        self.living().iter().map(|node| node.state()).collect()
    }

    fn keep_logs(&self) -> io::Result<&Path> {
        fs::create_dir_all(&self.logs)?;
        fs::write(self.logs.join("actions"), &self.done)?;
        for node in self.living().into_iter().chain(&self.gone) {
            let events: String =
                node.chat.events().iter().map(|event| format!("{event}\n")).collect();
            fs::write(self.logs.join(format!("{}.ndjson", node.nick)), events)?;
            fs::write(self.logs.join(format!("{}.stderr", node.nick)), node.chat.stderr())?;
        }
        Ok(&self.logs)
    }
}

/// Of a storm that failed, what every node printed is kept for whoever looks for the cause.
impl Drop for Storm {
    fn drop(&mut self) {
        if thread::panicking() {
            match self.keep_logs() {
                Ok(folder) => eprintln!("what the nodes printed is in {}", folder.display()),
                Err(error) => eprintln!("what the nodes printed could not be kept: {error}"),
            }
        }
    }
}

impl Place {
    /// Signals the node, unless it has ended, as a joiner may; whether it runs.
    fn signal(&mut self, name: &str) -> bool {
        let runs = !self.node.has_ended();
        if runs {
            self.node.chat.process().signal(name);
        }
        runs
    }
}
