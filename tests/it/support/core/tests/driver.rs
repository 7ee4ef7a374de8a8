//! A service that breaks one rule at a time: good answers, meddled with.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use terraform_provider_gitops::rpc::proto;
use tonic::{Request, Response, Status};

use super::super::value::{Val, decode, encode};
use super::super::{Action, Core, Failure, Import, Service, Stored, Ty};
use crate::support::fake;

/// What a service does to its answers.
#[derive(Clone, Copy, Default)]
struct Meddle {
    validate: Option<fn(&mut proto::validate_resource_config::Response)>,
    plan: Option<fn(&mut Meddled<proto::plan_resource_change::Response>)>,
    apply: Option<fn(&mut Meddled<proto::apply_resource_change::Response>)>,
    read: Option<fn(&mut Meddled<proto::read_resource::Response>)>,
    upgrade: Option<fn(&mut Meddled<proto::upgrade_resource_state::Response>)>,
    import: Option<fn(&mut proto::import_resource_state::Response)>,
}

/// An answer, with what one needs to change it well.
struct Meddled<R> {
    answer: R,
    /// The type of a thing.
    ty: Ty,
    /// How many answers of its kind there were before.
    nth: usize,
    /// Whether the call was about an object that is there already.
    exists: bool,
}

impl<R> Meddled<R> {
    fn change(&self, value: &mut Option<proto::DynamicValue>, name: &str, to: Val) {
        let bytes = value.take().unwrap_or_default().msgpack;
        let mut object = decode(&self.ty, &bytes).expect("a good value");
        if let Val::Map(object) = &mut object {
            object.insert(name.to_owned(), to);
        }
        let msgpack = encode(&self.ty, &object);
        *value = Some(proto::DynamicValue { msgpack, json: vec![] });
    }
}

fn null() -> proto::DynamicValue {
    proto::DynamicValue { msgpack: vec![0xc0], json: vec![] }
}

/// What is done to an answer, and the rule that it breaks.
type Case<R> = (fn(&mut R), &'static str);

struct Liar<S> {
    inner: S,
    meddle: Meddle,
    answers: std::sync::atomic::AtomicUsize,
}

impl<S: Service> Liar<S> {
    async fn meddled<R>(
        &self,
        answer: Response<R>,
        exists: bool,
        meddle: Option<fn(&mut Meddled<R>)>,
    ) -> Result<Response<R>, Status> {
        let Some(meddle) = meddle else { return Ok(answer) };
        let request = Request::new(proto::get_provider_schema::Request::default());
        let schemas = self.inner.get_provider_schema(request).await?.into_inner();
        let block = schemas.resource_schemas["thing"].block.as_ref().expect("a block");
        let ty = super::Block::read(block, "thing", &mut Vec::new()).ty();
        let nth = self.answers.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut meddled = Meddled { answer: answer.into_inner(), ty, nth, exists };
        meddle(&mut meddled);
        Ok(Response::new(meddled.answer))
    }
}

fn is_there(value: Option<&proto::DynamicValue>) -> bool {
    value.is_some_and(|value| value.msgpack != [0xc0])
}

#[tonic::async_trait]
impl<S: Service> Service for Liar<S> {
    async fn get_provider_schema(
        &self,
        request: Request<proto::get_provider_schema::Request>,
    ) -> Result<Response<proto::get_provider_schema::Response>, Status> {
        self.inner.get_provider_schema(request).await
    }

    async fn get_resource_identity_schemas(
        &self,
        request: Request<proto::get_resource_identity_schemas::Request>,
    ) -> Result<Response<proto::get_resource_identity_schemas::Response>, Status> {
        self.inner.get_resource_identity_schemas(request).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::validate_provider_config::Request>,
    ) -> Result<Response<proto::validate_provider_config::Response>, Status> {
        self.inner.validate_provider_config(request).await
    }

    async fn configure_provider(
        &self,
        request: Request<proto::configure_provider::Request>,
    ) -> Result<Response<proto::configure_provider::Response>, Status> {
        self.inner.configure_provider(request).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<proto::validate_resource_config::Request>,
    ) -> Result<Response<proto::validate_resource_config::Response>, Status> {
        let mut answer = self.inner.validate_resource_config(request).await?;
        if let Some(meddle) = self.meddle.validate {
            meddle(answer.get_mut());
        }
        Ok(answer)
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<proto::upgrade_resource_state::Request>,
    ) -> Result<Response<proto::upgrade_resource_state::Response>, Status> {
        let answer = self.inner.upgrade_resource_state(request).await?;
        self.meddled(answer, true, self.meddle.upgrade).await
    }

    async fn read_resource(
        &self,
        request: Request<proto::read_resource::Request>,
    ) -> Result<Response<proto::read_resource::Response>, Status> {
        let answer = self.inner.read_resource(request).await?;
        self.meddled(answer, true, self.meddle.read).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<proto::plan_resource_change::Request>,
    ) -> Result<Response<proto::plan_resource_change::Response>, Status> {
        let exists = is_there(request.get_ref().prior_state.as_ref());
        let answer = self.inner.plan_resource_change(request).await?;
        self.meddled(answer, exists, self.meddle.plan).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<proto::apply_resource_change::Request>,
    ) -> Result<Response<proto::apply_resource_change::Response>, Status> {
        let exists = is_there(request.get_ref().prior_state.as_ref());
        let answer = self.inner.apply_resource_change(request).await?;
        self.meddled(answer, exists, self.meddle.apply).await
    }

    async fn import_resource_state(
        &self,
        request: Request<proto::import_resource_state::Request>,
    ) -> Result<Response<proto::import_resource_state::Response>, Status> {
        let mut answer = self.inner.import_resource_state(request).await?;
        if let Some(meddle) = self.meddle.import {
            meddle(answer.get_mut());
        }
        Ok(answer)
    }
}

type Liars = Core<Liar<terraform_provider_gitops::rpc::Server<fake::Fake>>>;

async fn core(meddle: Meddle) -> Liars {
    let answers = std::sync::atomic::AtomicUsize::default();
    let core = Core::start(Liar { inner: fake::server(), meddle, answers }).await;
    // The backend is shared by these tests, which look at no call of it.
    core.configure(&json!({"backend": "meddled"})).await.expect("a configuration");
    core
}

const THING: &str = "thing";

/// What a whole life of a thing comes to, up to the first failure.
async fn life(meddle: Meddle) -> Result<(), Failure> {
    let core = core(meddle).await;
    let name = format!("{:?}", tokio::task::try_id());
    let config = |size: &str| core.config(THING, &json!({"name": name, "size": size}));
    let small = config("small");
    let plan = core.plan(THING, None, &small).await?;
    let stored = core.apply(THING, &plan, &small).await?.stored();
    let stored = core.refresh(THING, &stored).await?.expect("it is there");
    let large = config("large");
    let plan = core.plan(THING, Some(&stored), &large).await?;
    let stored = core.apply(THING, &plan, &large).await?.stored();
    core.import(THING, &Import::Id(&format!("north/{name}"))).await?;
    let plan = core.plan_destroy(THING, &stored).await?;
    core.apply(THING, &plan, &Val::Null).await?;
    Ok(())
}

async fn caught(meddle: Meddle, rule: &str) {
    let broken = life(meddle).await.expect_err(rule).broken();
    assert!(broken.iter().any(|broken| broken.contains(rule)), "{rule}: {broken:?}");
}

#[tokio::test]
async fn an_honest_life_breaks_no_rule() {
    assert_eq!(life(Meddle::default()).await, Ok(()));
}

#[tokio::test]
async fn a_message_that_core_cannot_show_is_caught() {
    type Response = proto::validate_resource_config::Response;
    let cases: [Case<Response>; 3] = [
        (
            |answer| {
                answer
                    .diagnostics
                    .push(proto::Diagnostic { summary: "x".into(), ..Default::default() });
            },
            "has the severity 0",
        ),
        (
            |answer| {
                answer.diagnostics.push(proto::Diagnostic { severity: 2, ..Default::default() });
            },
            "has no summary",
        ),
        (
            |answer| {
                answer.diagnostics.push(proto::Diagnostic {
                    severity: 2,
                    summary: "x".into(),
                    attribute: Some(super::path([super::name("nothing")])),
                    ..Default::default()
                });
            },
            "points at nothing",
        ),
    ];
    for (validate, rule) in cases {
        caught(Meddle { validate: Some(validate), ..Meddle::default() }, rule).await;
    }
}

#[tokio::test]
async fn a_plan_that_breaks_a_rule_of_the_protocol_is_caught() {
    type Response = proto::plan_resource_change::Response;
    let cases: [Case<Meddled<Response>>; 8] = [
        (
            |m| m.answer.planned_private = vec![u8::try_from(m.nth % 200).unwrap_or(1)],
            "two answers",
        ),
        (|m| m.answer.legacy_type_system = true, "leniency"),
        (|m| m.answer.deferred = Some(proto::Deferred::default()), "to be deferred"),
        (|m| m.answer.planned_state = Some(null()), "planned for absence"),
        (|m| m.answer.planned_state.as_mut().expect("a state").msgpack.truncate(9), "msgpack"),
        (
            |m| {
                let mut state = m.answer.planned_state.take();
                m.change(&mut state, "token_wo", "x".into());
                m.answer.planned_state = state;
            },
            "a write-only value comes back",
        ),
        (
            |m| {
                if m.exists && is_there(m.answer.planned_state.as_ref()) {
                    m.answer.requires_replace.push(super::path([super::name("nothing")]));
                }
            },
            "which is not there",
        ),
        (
            |m| {
                if m.answer.planned_state == Some(null()) {
                    m.answer.planned_state = Some(proto::DynamicValue {
                        msgpack: encode(&m.ty, &Val::Unknown),
                        json: vec![],
                    });
                }
            },
            "a destroy is planned",
        ),
    ];
    for (plan, rule) in cases {
        caught(Meddle { plan: Some(plan), ..Meddle::default() }, rule).await;
    }
}

#[tokio::test]
async fn an_apply_that_breaks_a_rule_is_caught() {
    type Response = proto::apply_resource_change::Response;
    fn change(m: &mut Meddled<Response>, name: &str, to: Val) {
        if is_there(m.answer.new_state.as_ref()) {
            let mut state = m.answer.new_state.take();
            m.change(&mut state, name, to);
            m.answer.new_state = state;
        }
    }
    let cases: [Case<Meddled<Response>>; 8] = [
        (|m| change(m, "size", "huge".into()), ".size: was"),
        (|m| change(m, "revision", Val::Unknown), "there are unknown values"),
        (|m| change(m, "token_wo", "x".into()), "a write-only value comes back"),
        (|m| m.answer.new_state = Some(null()), "there is nothing after an apply"),
        (|m| m.answer.legacy_type_system = true, "leniency"),
        (|m| m.answer.new_identity = None, "has no identity"),
        (
            |m| {
                if m.exists {
                    m.answer.new_identity = None;
                }
            },
            "an update made the identity",
        ),
        (
            |m| {
                if !is_there(m.answer.new_state.as_ref()) {
                    // An object with nothing in it is an object.
                    let msgpack = encode(&m.ty, &Val::Map(BTreeMap::default()));
                    m.answer.new_state = Some(proto::DynamicValue { msgpack, json: vec![] });
                }
            },
            "something is left after a delete",
        ),
    ];
    for (apply, rule) in cases {
        caught(Meddle { apply: Some(apply), ..Meddle::default() }, rule).await;
    }
}

#[tokio::test]
async fn a_read_upgrade_or_import_that_breaks_a_rule_is_caught() {
    let reads: [Case<Meddled<proto::read_resource::Response>>; 3] = [
        (
            |m| {
                let mut state = m.answer.new_state.take();
                m.change(&mut state, "size", Val::Unknown);
                m.answer.new_state = state;
            },
            "a state that was read has unknown parts",
        ),
        (|m| m.answer.new_identity = None, "a read made the identity"),
        (
            |m| m.answer.new_state.as_mut().expect("a state").msgpack.push(0xc0),
            "bytes follow the value",
        ),
    ];
    for (read, rule) in reads {
        caught(Meddle { read: Some(read), ..Meddle::default() }, rule).await;
    }
    let upgrades: [Case<Meddled<proto::upgrade_resource_state::Response>>; 2] = [
        (|m| m.answer.upgraded_state = None, "an upgraded state is null"),
        (
            |m| {
                let mut state = m.answer.upgraded_state.take();
                m.change(&mut state, "size", Val::Unknown);
                m.answer.upgraded_state = state;
            },
            "an upgraded state is null or has unknown parts",
        ),
    ];
    for (upgrade, rule) in upgrades {
        caught(Meddle { upgrade: Some(upgrade), ..Meddle::default() }, rule).await;
    }
    let imports: [Case<proto::import_resource_state::Response>; 3] = [
        (|answer| answer.imported_resources.clear(), "not of exactly one object"),
        (|answer| answer.imported_resources[0].type_name.clear(), "an import of thing gave"),
        (|answer| answer.imported_resources[0].state = Some(null()), "an imported state is null"),
    ];
    for (import, rule) in imports {
        caught(Meddle { import: Some(import), ..Meddle::default() }, rule).await;
    }
}

#[tokio::test]
async fn a_final_plan_that_differs_from_the_first_is_caught() {
    // The size of what is planned depends on how often it was asked.
    let plan: fn(&mut Meddled<proto::plan_resource_change::Response>) = |m| {
        let size = if m.nth < 2 { "small" } else { "tiny" };
        let mut state = m.answer.planned_state.take();
        m.change(&mut state, "size", size.into());
        m.answer.planned_state = state;
    };
    let core = core(Meddle { plan: Some(plan), ..Meddle::default() }).await;
    let config = core.config(THING, &json!({"name": "final"}));
    let plan = core.plan(THING, None, &config).await.expect("the first is valid");
    assert_eq!(plan.action, Action::Create);
    let broken = core.apply(THING, &plan, &config).await.unwrap_err().broken();
    assert!(broken[0].starts_with(".size: was"), "{broken:?}");
}

#[tokio::test]
async fn a_final_plan_to_do_something_else_is_caught() {
    let plan: fn(&mut Meddled<proto::plan_resource_change::Response>) = |m| {
        if m.exists && m.nth >= 4 {
            m.answer.requires_replace.push(super::path([super::name("size")]));
        }
    };
    let core = core(Meddle { plan: Some(plan), ..Meddle::default() }).await;
    let config = |json: Json| core.config(THING, &json);
    let small = config(json!({"name": "else"}));
    let created = core.plan(THING, None, &small).await.unwrap();
    // Two answers for the plan so far: apply as it was planned, without asking again.
    let resource = core.resource(THING);
    let mut state = created.planned.clone();
    if let Val::Map(state) = &mut state {
        for (name, value) in
            [("id", Val::from("t")), ("revision", 1.into()), ("opinion", Val::Null)]
        {
            state.insert(name.into(), value);
        }
    }
    let stored: Stored = resource.store(&state, vec![], None).unwrap();
    let large = config(json!({"name": "else", "size": "large"}));
    let plan = core.plan(THING, Some(&stored), &large).await.unwrap();
    assert_eq!(plan.action, Action::Update);
    let broken = core.apply(THING, &plan, &large).await.unwrap_err().broken();
    assert_eq!(broken, ["the plan was to Update, and is to Replace now"]);
}
