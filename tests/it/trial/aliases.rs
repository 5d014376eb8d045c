//! Names of Qdrant: an alias that is switched between two collections, which are written to by their
//! own names and by the alias, and now and then deleted and recreated.

use async_trait::async_trait;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::client::{Client, HttpRequest};
use super::environment::Environment;
use super::points::{create, direct, must};
use super::register::{Outcome, Register};
use super::waiting::eventually;
use super::worker::{DataSet, RegisterRead, Worker, any_of};

/// Aliases.
const GROUPS: usize = 3;
/// Registers of a group: what the alias shows, and what each collection holds.
const MEMBERS: usize = 3;

/// The names.
pub struct Aliases {
    registers: Vec<Register>,
    /// Which collection, 0 or 1, each alias stands for.
    now: Vec<tokio::sync::Mutex<usize>>,
}

impl Default for Aliases {
    fn default() -> Self {
        let all = 0..GROUPS * MEMBERS;
        Self {
            registers: all.map(|_| Register::new(false)).collect(),
            now: (0..GROUPS).map(|_| tokio::sync::Mutex::default()).collect(),
        }
    }
}

fn alias(group: usize) -> String {
    format!("live{group}")
}

fn collection(group: usize, side: usize) -> String {
    format!("side{group}-{}", ["blue", "green"][side])
}

fn payload(version: u64) -> Value {
    json!({"key": "x", "v": version})
}

fn upsert(version: u64) -> Value {
    json!({"points": [{"id": 1, "vector": [1.0, 2.0, 3.0, 4.0], "payload": payload(version)}]})
}

fn point_of(name: &str) -> String {
    format!("/collections/{name}/points")
}

fn read_by_name(base: &str, name: &str, id: usize, way: usize) -> RegisterRead {
    let points = format!("{base}{}", point_of(name));
    let request = match way {
        0 => HttpRequest::new("GET", format!("{points}/1"), Value::Null),
        1 => HttpRequest::new(
            "POST",
            format!("{points}/scroll"),
            json!({"limit": 3, "with_payload": true}),
        ),
        _ => {
            let body = json!({"query": [1.0, 2.0, 3.0, 4.0], "limit": 2, "with_payload": true});
            HttpRequest::new("POST", format!("{points}/query"), body)
        }
    };
    RegisterRead {
        request,
        shows: vec![("x".into(), id)],
        at_least: None,
    }
}

impl Aliases {
    /// Writes to the collection that the alias stands for, by either name.
    async fn change(&self, worker: &Worker, group: usize, side: usize, random: &mut StdRng) {
        let (by_alias, own) = (group * MEMBERS, group * MEMBERS + 1 + side);
        let version = self.registers[by_alias].attempt();
        self.registers[own].attempt_as(version);
        let name = match random.random_bool(0.5) {
            true => alias(group),
            false => collection(group, side),
        };
        let points = worker.env.vectors(&point_of(&name));
        let set = json!({"payload": {"v": version}, "points": [1]});
        let request = match random.random_bool(0.5) {
            true => HttpRequest::new("POST", format!("{points}/payload?wait=true"), set),
            false => HttpRequest::new("PUT", format!("{points}?wait=true"), upsert(version)),
        };
        worker
            .write_version(self, &[own, by_alias], version, &request, random)
            .await;
    }

    /// Writes to the other collection, then lets the alias stand for it.
    async fn switch(&self, worker: &Worker, group: usize, now: &mut usize, random: &mut StdRng) {
        let (by_alias, other) = (group * MEMBERS, 1 - *now);
        let own = by_alias + 1 + other;
        let name = collection(group, other);
        let version = self.registers[by_alias].attempt();
        self.registers[own].attempt_as(version);
        if random.random_ratio(1, 20) && !self.renew(worker, &name, random).await {
            return;
        }
        let url = worker.env.vectors(&point_of(&name)) + "?wait=true";
        let put = HttpRequest::new("PUT", url, upsert(version));
        if worker
            .write_version(self, &[own], version, &put, random)
            .await
            != Outcome::Acknowledged
        {
            return;
        }
        let actions = json!([
            {"delete_alias": {"alias_name": alias(group)}},
            {"create_alias": {"alias_name": alias(group), "collection_name": name}},
        ]);
        let url = worker.env.vectors("/collections/aliases");
        let request = HttpRequest::new("POST", url, json!({"actions": actions}));
        if worker
            .write_version(self, &[by_alias], version, &request, random)
            .await
            == Outcome::Acknowledged
        {
            *now = other;
        }
    }

    /// Deletes a collection and recreates it; false when that failed.
    async fn renew(&self, worker: &Worker, name: &str, random: &mut StdRng) -> bool {
        worker.figures.count("collections recreated");
        let url = worker.env.vectors(&format!("/collections/{name}"));
        let body = json!({"vectors": {"size": 4, "distance": "Cosine"}});
        let delete = HttpRequest::new("DELETE", url.clone(), Value::Null);
        let make = HttpRequest::new("PUT", url, body.clone());
        if worker.write(&delete, random).await == Outcome::Acknowledged
            && worker.write(&make, random).await == Outcome::Acknowledged
        {
            return true;
        }
        // It must be there for the trial to go on; past pointsman nobody would hear of it but for what
        // was sent above, which raised its tags.
        let url = format!("{}/collections/{name}", worker.env.cluster.url(0));
        let there = HttpRequest::new("GET", url.clone(), Value::Null);
        let make = HttpRequest::new("PUT", url, body);
        eventually("the collection to be there", || async {
            let _ = Client::default().send(&make, None).await;
            let response = Client::default().send(&there, None).await;
            response.is_ok_and(|response| response.is_good())
        })
        .await;
        false
    }
}

#[async_trait]
impl DataSet for Aliases {
    fn name(&self) -> &'static str {
        "aliases"
    }

    fn registers(&self) -> &[Register] {
        &self.registers
    }

    async fn load(&self, worker: &Worker) {
        for group in 0..GROUPS {
            for side in 0..2 {
                let name = collection(group, side);
                create(worker, &name).await;
                let url = worker.env.vectors(&point_of(&name)) + "?wait=true";
                must(worker, HttpRequest::new("PUT", url, upsert(1))).await;
            }
            let create = json!({"create_alias": {"alias_name": alias(group), "collection_name": collection(group, 0)}});
            let url = worker.env.vectors("/collections/aliases");
            must(
                worker,
                HttpRequest::new("POST", url, json!({"actions": [create]})),
            )
            .await;
        }
    }

    fn random_read(&self, env: &Environment, random: &mut StdRng) -> RegisterRead {
        let group = random.random_range(0..GROUPS);
        let member = any_of(&[0, 0, 0, 1, 2], random);
        let name = match member {
            0 => alias(group),
            side => collection(group, side - 1),
        };
        read_by_name(
            &env.vectors(""),
            &name,
            group * MEMBERS + member,
            random.random_range(0..3),
        )
    }

    fn read_of(&self, id: usize) -> Option<RegisterRead> {
        let (group, member) = (id / MEMBERS, id % MEMBERS);
        let name = match member {
            0 => alias(group),
            side => collection(group, side - 1),
        };
        Some(read_by_name("http://proxy", &name, id, 0))
    }

    async fn write(&self, worker: &Worker, random: &mut StdRng) {
        let group = random.random_range(0..GROUPS);
        let mut now = self.now[group].lock().await;
        match random.random_ratio(1, 4) {
            true => {
                worker.figures.count("alias switches");
                self.switch(worker, group, &mut now, random).await;
            }
            false => self.change(worker, group, *now, random).await,
        }
    }

    fn direct(&self, env: &Environment, read: &RegisterRead) -> HttpRequest {
        direct(env, read)
    }
}
