//! The types that a provider serves, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    functions: BTreeMap<&'static str, Callable>,
    lists: BTreeMap<String, Arc<Listing<P>>>,
}

impl<P: Send + Sync + 'static> Registry<P> {
    /// Nothing yet.
    #[expect(clippy::new_without_default, reason = "an empty registry is a start, not a default")]
    pub fn new() -> Self {
        Self {
            resources: BTreeMap::new(),
            served: BTreeMap::new(),
            functions: BTreeMap::new(),
            lists: BTreeMap::new(),
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
        self.served.insert(format!("{PREFIX}_{name}"), managed.clone());
        self.served.insert(name.to_owned(), managed.clone());
        let before = self.resources.insert(name, managed);
        assert!(before.is_none(), "two resources are called {name}");
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
        let listing = Arc::new(Listing::of::<L>());
        self.lists.insert(format!("{PREFIX}_{}", L::NAME), listing.clone());
        let before = self.lists.insert(L::NAME.to_owned(), listing);
        assert!(before.is_none(), "there are two lists of {}", L::NAME);
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

    /// The function of that name.
    pub fn get_function(&self, name: &str) -> Option<&Callable> {
        self.functions.get(name)
    }

    /// Every function.
    pub fn functions(&self) -> impl Iterator<Item = &Callable> {
        self.functions.values()
    }
}
