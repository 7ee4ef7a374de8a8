//! Lists: which objects of a type there are, for `list` blocks in query files.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::configured::Configured;
use super::diagnostics::Diagnostics;
use super::error::Result;
use super::managed::{Session, caught};
use super::model::Model;
use super::operation::Operation;
use super::private::Private;
use super::value::{Object, Value};

/// How long a list may take; nobody can configure it.
const LIMIT: Duration = Duration::from_mins(10);

/// A way to find the objects of a type of resource.
pub trait List: Send + Sync + 'static {
    /// What to look for.
    type Config: Model;
    /// What the operations call on.
    type Provider: Send + Sync + 'static;

    /// Short name of the type of resource whose objects are listed.
    const NAME: &'static str;

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(config: &Self::Config, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Sends each object to `finds`, until there are no more or it breaks off.
    fn list(
        cx: &Operation<Self::Provider>,
        config: Self::Config,
        finds: &mut Finds,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// An object that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// What to call it before users.
    pub display_name: String,
    /// Its identity, or what an import takes instead: attributes by name.
    pub identity: Object,
    /// What is there, where the list knows it anyway; else the object is read when it is wanted.
    pub state: Option<Value>,
}

/// Where a list sends what it finds.
#[derive(Debug)]
pub struct Finds {
    sender: mpsc::Sender<Find>,
    left: usize,
    objects: bool,
}

impl Finds {
    /// Takes `limit` finds at most, each as soon as the one before was taken from the receiver.
    pub fn new(limit: Option<usize>, objects: bool) -> (Self, mpsc::Receiver<Find>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self { sender, left: limit.unwrap_or(usize::MAX), objects }, receiver)
    }

    /// Whether the objects themselves are wanted, and not only which there are.
    pub fn wants_objects(&self) -> bool {
        self.objects
    }

    /// Sends one; breaks when no more are wanted.
    pub async fn push(&mut self, find: Find) -> ControlFlow<()> {
        if self.left == 0 || self.sender.send(find).await.is_err() {
            return ControlFlow::Break(());
        }
        self.left -= 1;
        if self.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A list, ready to be served.
pub type Listing<P> = Configured<Box<dyn Lister<P>>>;

impl<P: Send + Sync + 'static> Listing<P> {
    /// The list `L`.
    pub fn of<L: List<Provider = P>>() -> Self {
        Self::new(L::NAME, L::validate, Box::new(Typed::<L>(PhantomData)))
    }

    /// Looks, and gives what there is to tell at the end.
    pub async fn run(&self, session: &Session<P>, config: Value, mut finds: Finds) -> Diagnostics {
        let cx = session.operation(LIMIT, Private::default());
        let listed = caught(self.work.list(&cx, config, &mut finds)).await;
        self.end(cx, "listing objects of", listed).2
    }
}

/// A list on plain values.
#[async_trait]
pub trait Lister<P>: Send + Sync {
    /// Sends each object to `finds`.
    async fn list(&self, cx: &Operation<P>, config: Value, finds: &mut Finds) -> Result<()>;
}

struct Typed<L>(PhantomData<fn() -> L>);

#[async_trait]
impl<L: List> Lister<L::Provider> for Typed<L> {
    async fn list(
        &self,
        cx: &Operation<L::Provider>,
        config: Value,
        finds: &mut Finds,
    ) -> Result<()> {
        L::list(cx, L::Config::from_value(config)?, finds).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Find {
        Find { display_name: name.to_owned(), identity: Object::new(), state: None }
    }

    #[tokio::test]
    async fn a_list_breaks_off_at_its_limit() {
        let (mut finds, mut receiver) = Finds::new(Some(2), false);
        let taken = tokio::spawn(async move {
            let mut names = Vec::new();
            while let Some(find) = receiver.recv().await {
                names.push(find.display_name);
            }
            names
        });
        assert_eq!(finds.push(find("a")).await, ControlFlow::Continue(()));
        assert_eq!(finds.push(find("b")).await, ControlFlow::Break(()));
        assert_eq!(finds.push(find("c")).await, ControlFlow::Break(()));
        drop(finds);
        assert_eq!(taken.await.unwrap(), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_list_breaks_off_when_nobody_listens() {
        let (mut finds, receiver) = Finds::new(None, true);
        assert!(finds.wants_objects());
        drop(receiver);
        assert_eq!(finds.push(find("a")).await, ControlFlow::Break(()));
    }
}
