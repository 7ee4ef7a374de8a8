//! The types that a provider serves, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action::{Action, Performer};
use super::configured::Configured;
use super::data_source::{DataSource, Source};
use super::ephemeral::{Ephemeral, Lessor};
use super::function::{Callable, Function};
use super::list::{List, Listing};
use super::managed::Managed;
use super::resource::Resource;

/// Prefix of the type names, by which both CLIs find the provider.
pub const PREFIX: &str = "gitops";

/// Everything that a provider serves.
#[derive(Debug)]
pub struct Registry<P> {
    resources: BTreeMap<&'static str, Arc<Managed<P>>>,
    served: BTreeMap<String, Arc<Managed<P>>>,
    data_sources: BTreeMap<String, Arc<Source<P>>>,
    ephemerals: BTreeMap<String, Arc<Lessor<P>>>,
    functions: BTreeMap<&'static str, Callable>,
    lists: BTreeMap<String, Arc<Listing<P>>>,
    actions: BTreeMap<String, Arc<Performer<P>>>,
}

impl<P: Send + Sync + 'static> Registry<P> {
    /// Nothing yet.
    #[expect(clippy::new_without_default, reason = "an empty registry is a start, not a default")]
    pub fn new() -> Self {
        Self {
            resources: BTreeMap::new(),
            served: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            ephemerals: BTreeMap::new(),
            functions: BTreeMap::new(),
            lists: BTreeMap::new(),
            actions: BTreeMap::new(),
        }
    }

    /// Adds a resource with a typed model.
    #[must_use]
    pub fn resource<R: Resource<Provider = P>>(self) -> Self {
        self.managed(Managed::typed::<R>())
    }

    /// Adds a resource under `gitops_NAME`, and under its short name for
    /// blocks that say `provider = gitops`.
    #[must_use]
    pub fn managed(mut self, managed: Managed<P>) -> Self {
        let (name, managed) = (managed.name(), Arc::new(managed));
        for spelling in spellings(name) {
            self.served.insert(spelling, managed.clone());
        }
        let before = self.resources.insert(name, managed);
        assert!(before.is_none(), "two resources are called {name}");
        self
    }

    /// Adds a data source, in both spellings like a resource.
    #[must_use]
    pub fn data_source<D: DataSource<Provider = P>>(mut self) -> Self {
        serve(&mut self.data_sources, Source::of::<D>(), "data sources");
        self
    }

    /// Adds an ephemeral resource, in both spellings like a managed one.
    #[must_use]
    pub fn ephemeral<E: Ephemeral<Provider = P>>(mut self) -> Self {
        serve(&mut self.ephemerals, Lessor::of::<E>(), "ephemeral resources");
        self
    }

    /// Adds an action, in both spellings like a resource.
    #[must_use]
    pub fn action<A: Action<Provider = P>>(mut self) -> Self {
        serve(&mut self.actions, Performer::of::<A>(), "actions");
        self
    }

    /// Adds a function, called as `provider::gitops::NAME`.
    #[must_use]
    pub fn function<F: Function>(mut self) -> Self {
        let before = self.functions.insert(F::NAME, Callable::of::<F>());
        assert!(before.is_none(), "two functions are called {}", F::NAME);
        self
    }

    /// Adds a list of the objects of a type of resource, under both spellings of the type's name.
    #[must_use]
    pub fn list<L: List<Provider = P>>(mut self) -> Self {
        serve(&mut self.lists, Listing::of::<L>(), "lists");
        self
    }

    /// The list of the objects of a type of resource, by either spelling of its name.
    pub fn get_list(&self, type_name: &str) -> Option<&Arc<Listing<P>>> {
        self.lists.get(type_name)
    }

    /// Every list by the name of its type, in both spellings.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &Arc<Listing<P>>)> {
        self.lists.iter().map(|(name, listing)| (name.as_str(), listing))
    }

    /// The resource of that type name, in either spelling.
    pub fn get(&self, type_name: &str) -> Option<&Arc<Managed<P>>> {
        self.served.get(type_name)
    }

    /// Every resource once, by its short name.
    pub fn resources(&self) -> impl Iterator<Item = &Arc<Managed<P>>> {
        self.resources.values()
    }

    /// Every type name that is served, in both spellings.
    pub fn served(&self) -> impl Iterator<Item = (&str, &Arc<Managed<P>>)> {
        self.served.iter().map(|(name, managed)| (name.as_str(), managed))
    }

    /// The data source of that type name, in either spelling.
    pub fn get_data_source(&self, type_name: &str) -> Option<&Source<P>> {
        self.data_sources.get(type_name).map(|source| &**source)
    }

    /// Every data source by its type names, in both spellings.
    pub fn data_sources(&self) -> impl Iterator<Item = (&str, &Source<P>)> {
        self.data_sources.iter().map(|(name, source)| (name.as_str(), &**source))
    }

    /// The ephemeral resource of that type name, in either spelling.
    pub fn get_ephemeral(&self, type_name: &str) -> Option<&Lessor<P>> {
        self.ephemerals.get(type_name).map(|lessor| &**lessor)
    }

    /// Every ephemeral resource by its type names, in both spellings.
    pub fn ephemerals(&self) -> impl Iterator<Item = (&str, &Lessor<P>)> {
        self.ephemerals.iter().map(|(name, lessor)| (name.as_str(), &**lessor))
    }

    /// The action of that type name, in either spelling.
    pub fn get_action(&self, type_name: &str) -> Option<&Arc<Performer<P>>> {
        self.actions.get(type_name)
    }

    /// Every action by its type names, in both spellings.
    pub fn actions(&self) -> impl Iterator<Item = (&str, &Performer<P>)> {
        self.actions.iter().map(|(name, performer)| (name.as_str(), &**performer))
    }

    /// The function of that name.
    pub fn get_function(&self, name: &str) -> Option<&Callable> {
        self.functions.get(name)
    }

    /// Every function.
    pub fn functions(&self) -> impl Iterator<Item = &Callable> {
        self.functions.values()
    }
}

/// Adds a type of block, in both spellings.
fn serve<W>(served: &mut BTreeMap<String, Arc<Configured<W>>>, block: Configured<W>, kind: &str) {
    let block = Arc::new(block);
    for name in spellings(block.name()) {
        let before = served.insert(name, block.clone());
        assert!(before.is_none(), "two {kind} are called {}", block.name());
    }
}

/// The names that a type is served under.
fn spellings(name: &str) -> [String; 2] {
    [format!("{PREFIX}_{name}"), name.to_owned()]
}
