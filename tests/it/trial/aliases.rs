//! Names of Qdrant: an alias that is switched between two collections, which are written to by their
//! own names and by the alias, and now and then deleted and made anew.

use async_trait::async_trait;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::calls::{Hand, Look, Stock, any_of};
use super::client::{Call, Client};
use super::place::{Place, eventually};
use super::points::{create, must, past};
use super::register::{Register, Told};

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

fn look(base: &str, name: &str, id: usize, way: usize) -> Look {
    let points = format!("{base}{}", point_of(name));
    let call = match way {
        0 => Call::new("GET", format!("{points}/1"), Value::Null),
        1 => Call::new(
            "POST",
            format!("{points}/scroll"),
            json!({"limit": 3, "with_payload": true}),
        ),
        _ => {
            let body = json!({"query": [1.0, 2.0, 3.0, 4.0], "limit": 2, "with_payload": true});
            Call::new("POST", format!("{points}/query"), body)
        }
    };
    Look {
        call,
        asked: vec![("x".into(), id)],
        at_least: None,
    }
}

impl Aliases {
    /// Writes to the collection that the alias stands for, by either name.
    async fn change(&self, hand: &Hand, group: usize, side: usize, random: &mut StdRng) {
        let (by_alias, own) = (group * MEMBERS, group * MEMBERS + 1 + side);
        let version = self.registers[by_alias].attempt();
        self.registers[own].attempt_as(version);
        let name = match random.random_bool(0.5) {
            true => alias(group),
            false => collection(group, side),
        };
        let points = hand.place.vectors(&point_of(&name));
        let set = json!({"payload": {"v": version}, "points": [1]});
        let call = match random.random_bool(0.5) {
            true => Call::new("POST", format!("{points}/payload?wait=true"), set),
            false => Call::new("PUT", format!("{points}?wait=true"), upsert(version)),
        };
        hand.put(self, &[own, by_alias], version, &call, random)
            .await;
    }

    /// Writes to the other collection, then lets the alias stand for it.
    async fn switch(&self, hand: &Hand, group: usize, now: &mut usize, random: &mut StdRng) {
        let (by_alias, other) = (group * MEMBERS, 1 - *now);
        let own = by_alias + 1 + other;
        let name = collection(group, other);
        let version = self.registers[by_alias].attempt();
        self.registers[own].attempt_as(version);
        if random.random_ratio(1, 20) && !self.renew(hand, &name, random).await {
            return;
        }
        let url = hand.place.vectors(&point_of(&name)) + "?wait=true";
        let put = Call::new("PUT", url, upsert(version));
        if hand.put(self, &[own], version, &put, random).await != Told::Done {
            return;
        }
        let actions = json!([
            {"delete_alias": {"alias_name": alias(group)}},
            {"create_alias": {"alias_name": alias(group), "collection_name": name}},
        ]);
        let url = hand.place.vectors("/collections/aliases");
        let call = Call::new("POST", url, json!({"actions": actions}));
        if hand.put(self, &[by_alias], version, &call, random).await == Told::Done {
            *now = other;
        }
    }

    /// Deletes a collection and makes it anew; false when that did not come about.
    async fn renew(&self, hand: &Hand, name: &str, random: &mut StdRng) -> bool {
        hand.figures.count("collections made anew");
        let url = hand.place.vectors(&format!("/collections/{name}"));
        let body = json!({"vectors": {"size": 4, "distance": "Cosine"}});
        let delete = Call::new("DELETE", url.clone(), Value::Null);
        let make = Call::new("PUT", url, body.clone());
        if hand.write(&delete, random).await == Told::Done
            && hand.write(&make, random).await == Told::Done
        {
            return true;
        }
        // It must be there for the trial to go on; past pointsman nobody would hear of it but for what
        // was sent above, which raised its tags.
        let url = format!("{}/collections/{name}", hand.place.cluster.url(0));
        let there = Call::new("GET", url.clone(), Value::Null);
        let make = Call::new("PUT", url, body);
        eventually("the collection to be there", || async {
            let _ = Client::default().ask(&make, None).await;
            let got = Client::default().ask(&there, None).await;
            got.is_ok_and(|got| got.is_good())
        })
        .await;
        false
    }
}

#[async_trait]
impl Stock for Aliases {
    fn name(&self) -> &'static str {
        "aliases"
    }

    fn registers(&self) -> &[Register] {
        &self.registers
    }

    async fn fill(&self, hand: &Hand) {
        for group in 0..GROUPS {
            for side in 0..2 {
                let name = collection(group, side);
                create(hand, &name).await;
                let url = hand.place.vectors(&point_of(&name)) + "?wait=true";
                must(hand, Call::new("PUT", url, upsert(1))).await;
            }
            let create = json!({"create_alias": {"alias_name": alias(group), "collection_name": collection(group, 0)}});
            let url = hand.place.vectors("/collections/aliases");
            must(hand, Call::new("POST", url, json!({"actions": [create]}))).await;
        }
    }

    fn look(&self, place: &Place, random: &mut StdRng) -> Look {
        let group = random.random_range(0..GROUPS);
        let member = any_of(&[0, 0, 0, 1, 2], random);
        let name = match member {
            0 => alias(group),
            side => collection(group, side - 1),
        };
        look(
            &place.vectors(""),
            &name,
            group * MEMBERS + member,
            random.random_range(0..3),
        )
    }

    fn look_at(&self, id: usize) -> Option<Look> {
        let (group, member) = (id / MEMBERS, id % MEMBERS);
        let name = match member {
            0 => alias(group),
            side => collection(group, side - 1),
        };
        Some(look("http://proxy", &name, id, 0))
    }

    async fn write(&self, hand: &Hand, random: &mut StdRng) {
        let group = random.random_range(0..GROUPS);
        let mut now = self.now[group].lock().await;
        match random.random_ratio(1, 4) {
            true => {
                hand.figures.count("switches of an alias");
                self.switch(hand, group, &mut now, random).await;
            }
            false => self.change(hand, group, *now, random).await,
        }
    }

    fn past(&self, place: &Place, look: &Look) -> Call {
        past(place, look)
    }
}
