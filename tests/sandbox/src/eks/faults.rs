//! What goes wrong on purpose.
//!
//! A [`FaultPlan`] is plain data: tests build it in Rust or send it as JSON to
//! `PUT /_sandbox/faults` of a running emulator. [`Faults`] holds the plan and counts.

mod plan;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use self::plan::{
    CapabilityFault, CapabilityOutcome, Effect, FaultPlan, Rule, UpdateErrorCode, When,
};
use super::{error::ApiError, operation::Operation};

/// The fault plan in force. Shared by all handlers; setting a plan takes effect with the next call.
#[derive(Debug)]
pub struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    plan: FaultPlan,
    rules: Vec<Count>,
    capabilities: Vec<Count>,
    random: u64,
}

/// Where the generator of [`When::Percent`] starts.
pub(crate) const SEED: u64 = 0x5eed;

/// How often a rule matched, and how often it hit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    seen: u32,
    hits: u32,
}

/// What the rules make of one call.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    pub(crate) refusal: Option<ApiError>,
    pub(crate) lose_response: bool,
}

impl Default for Faults {
    fn default() -> Self {
        let inner = Inner {
            plan: FaultPlan::default(),
            rules: Vec::new(),
            capabilities: Vec::new(),
            random: SEED,
        };
        Self { inner: Mutex::new(inner) }
    }
}

impl Faults {
    /// The plan in force, without the counts.
    pub fn plan(&self) -> FaultPlan {
        self.lock().plan.clone()
    }

    /// Replaces the plan; all counts start anew.
    pub fn set(&self, plan: FaultPlan) {
        let mut inner = self.lock();
        inner.rules = vec![Count::default(); plan.rules.len()];
        inner.capabilities = vec![Count::default(); plan.capabilities.len()];
        inner.plan = plan;
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.set(FaultPlan::default());
    }

    /// Adds a fault of calls; the counts of the others go on.
    pub fn add(&self, rule: Rule) {
        let mut inner = self.lock();
        inner.plan.rules.push(rule);
        inner.rules.push(Count::default());
    }

    /// Adds a fault of capabilities; the counts of the others go on.
    pub fn add_capability(&self, fault: CapabilityFault) {
        let mut inner = self.lock();
        inner.plan.capabilities.push(fault);
        inner.capabilities.push(Count::default());
    }

    /// Sets how long EKS does not see a new role ([`FaultPlan::role_propagation_ms`]).
    pub fn set_role_propagation(&self, delay: Duration) {
        self.lock().plan.role_propagation_ms = millis(delay);
    }

    /// Sets how long new access has no effect ([`FaultPlan::access_propagation_ms`]).
    pub fn set_access_propagation(&self, delay: Duration) {
        self.lock().plan.access_propagation_ms = millis(delay);
    }

    /// Caps the length of list pages ([`FaultPlan::page_limit`]).
    pub fn set_page_limit(&self, limit: Option<usize>) {
        self.lock().plan.page_limit = limit;
    }

    pub(crate) fn role_propagation(&self) -> Duration {
        Duration::from_millis(self.lock().plan.role_propagation_ms)
    }

    pub(crate) fn access_propagation(&self) -> Duration {
        Duration::from_millis(self.lock().plan.access_propagation_ms)
    }

    pub(crate) fn page_limit(&self) -> Option<usize> {
        self.lock().plan.page_limit
    }

    /// Judges one call; counts it for every rule it matches.
    pub(crate) fn judge(&self, operation: Operation) -> Verdict {
        let mut inner = self.lock();
        let Inner { plan, rules, random, .. } = &mut *inner;
        let mut verdict = Verdict::default();
        for (rule, count) in plan.rules.iter().zip(rules) {
            if rule.operation.is_some_and(|only| only != operation) {
                continue;
            }
            if !count.is_due(rule.when, rule.times, random) {
                continue;
            }
            match &rule.effect {
                Effect::Refuse { error, message } if verdict.refusal.is_none() => {
                    verdict.refusal = Some(ApiError::new(*error, message.clone()));
                }
                Effect::Refuse { .. } => {}
                Effect::LoseResponse => verdict.lose_response = true,
                Effect::Delay(millis) => verdict.delay += Duration::from_millis(*millis),
            }
        }
        verdict
    }

    /// The first unspent fault of the capability that `pick` recognises; counts as a hit.
    pub(crate) fn strike<T>(
        &self,
        capability: &str,
        pick: impl Fn(&CapabilityOutcome) -> Option<T>,
    ) -> Option<T> {
        let mut inner = self.lock();
        let Inner { plan, capabilities, .. } = &mut *inner;
        let armed = plan.capabilities.iter().zip(capabilities);
        for (fault, count) in armed {
            let concerns = fault.capability.as_deref().is_none_or(|of| of == capability);
            if let Some(outcome) = pick(&fault.outcome).filter(|_| concerns)
                && count.hit(fault.times)
            {
                return Some(outcome);
            }
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    /// Counts one more call that matches, and whether the rule hits it.
    pub(crate) fn is_due(&mut self, when: When, times: Option<u32>, random: &mut u64) -> bool {
        self.seen = self.seen.wrapping_add(1);
        let due = match when {
            When::Every(n) => self.seen.is_multiple_of(n.max(1)),
            When::Percent(percent) => next_random(random) % 100 < u64::from(percent),
        };
        due && self.hit(times)
    }

    /// Counts a hit unless all allowed ones are used up.
    fn hit(&mut self, times: Option<u32>) -> bool {
        let allowed = times.is_none_or(|times| self.hits < times);
        if allowed {
            self.hits = self.hits.saturating_add(1);
        }
        allowed
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// `SplitMix64`: enough to spread faults, and the same in every run.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(faults: &Faults, operation: Operation, calls: usize) -> Vec<bool> {
        let verdicts = (0..calls).map(|_| faults.judge(operation));
        verdicts.map(|verdict| verdict.refusal.is_some()).collect()
    }

    #[test]
    fn without_a_plan_nothing_happens_to_a_call() {
        let verdict = Faults::default().judge(Operation::ListClusters);
        assert!(verdict.refusal.is_none() && !verdict.lose_response);
        assert_eq!(verdict.delay, Duration::ZERO);
    }

    #[test]
    fn every_third_call_is_refused_until_the_rule_is_spent() {
        let faults = Faults::default();
        faults.add(Rule::throttle().every(3).times(2));
        let hits = refused(&faults, Operation::ListClusters, 10);
        let expected = [false, false, true, false, false, true, false, false, false, false];
        assert_eq!(hits, expected);
    }

    #[test]
    fn a_rule_of_one_operation_does_not_count_others() {
        let faults = Faults::default();
        faults.add(Rule::server_error().of(Operation::CreateCapability).every(2));
        assert_eq!(refused(&faults, Operation::ListClusters, 3), [false; 3]);
        assert_eq!(refused(&faults, Operation::CreateCapability, 2), [false, true]);
    }

    #[test]
    fn percentages_are_about_right_and_the_same_in_every_run() {
        let run = || {
            let faults = Faults::default();
            faults.add(Rule::throttle().percent(25));
            refused(&faults, Operation::ListClusters, 400)
        };
        assert_eq!(run(), run());
        let hits = run().into_iter().filter(|hit| *hit).count();
        assert!((60..=140).contains(&hits), "{hits} of 400");
    }

    #[test]
    fn a_capability_fault_strikes_its_capability_and_its_moment_only() {
        let faults = Faults::default();
        let slow = CapabilityFault::new(CapabilityOutcome::SlowStart(3));
        faults.add_capability(slow.of("argocd").times(1));
        let ticks = |outcome: &CapabilityOutcome| match outcome {
            CapabilityOutcome::SlowStart(ticks) => Some(*ticks),
            _ => None,
        };
        assert_eq!(faults.strike("kro", ticks), None);
        assert_eq!(faults.strike::<()>("argocd", |_| None), None);
        assert_eq!(faults.strike("argocd", ticks), Some(3));
        assert_eq!(faults.strike("argocd", ticks), None, "it was to happen once");
    }

    #[test]
    fn a_plan_reads_from_json_and_rejects_what_it_does_not_know() {
        let plan: FaultPlan = serde_json::from_value(json!({
            "rules": [
                { "operation": "CreateCapability", "when": { "every": 2 }, "effect": "loseResponse" },
                { "effect": { "refuse": { "error": "ThrottlingException", "message": "slow down" } } },
            ],
            "capabilities": [
                { "outcome": { "createFails": { "code": "AccessDenied", "message": "no" } } },
            ],
            "rolePropagationMs": 2000,
        }))
        .unwrap();
        let first = Rule::lose_response().of(Operation::CreateCapability).every(2);
        assert_eq!(plan.rules[0], first);
        assert_eq!(plan.role_propagation_ms, 2000);
        let typo = serde_json::from_value::<FaultPlan>(json!({ "rolePropagation": 1 }));
        assert!(typo.unwrap_err().to_string().contains("rolePropagation"));
    }
}
