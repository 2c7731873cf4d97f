//! The controller that is to be replaced: whether it still runs, and what it was told. Its flags are read as the operator would
//! read them, so that everything after is judged with the same settings.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::Parser;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, Pod, Service};
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

use super::report::{Report, Weight};
use crate::api_error::describe;
use crate::command::{Cluster, counted};
use crate::settings::{Settings, environment};

const ABOUT: &str = "original";
const FLAGS: &str = "flags";
/// The Service that `kubeseal` looks for, and what ours selects.
const SERVICE: &str = "sealed-secrets-controller";
const OUR_LABEL: &str = "app.kubernetes.io/name";

/// Looks for it in the namespace of the keys and answers the settings that its flags amount to.
pub(super) async fn look(cluster: &Cluster, name: Option<&str>, report: &mut Report) -> Settings {
    let found = match deployments(cluster, name).await {
        Ok(found) => found,
        Err(error) => {
            report.add(ABOUT, Weight::Unknown, format!("its Deployment could not be read: {}", describe(&error)));
            Vec::new()
        }
    };
    service(cluster, report).await;
    for (deployment, _) in &found {
        running(cluster, deployment, report).await;
    }
    if let Some((_, container)) = found.first() {
        return flags(container, cluster, report);
    }
    let words = "no Deployment of it in this namespace: --original names it; everything is judged by the default flags";
    report.add(ABOUT, Weight::Note, words);
    Settings { key_prefix: cluster.key_prefix.clone(), ..Settings::default() }
}

async fn deployments(cluster: &Cluster, name: Option<&str>) -> kube::Result<Vec<(Deployment, Container)>> {
    let api: Api<Deployment> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let all = api.list(&ListParams::default()).await?.items.into_iter();
    let chosen = all.filter_map(|deployment| {
        let containers = deployment.spec.as_ref()?.template.spec.as_ref()?.containers.clone();
        let is_named = name.is_some_and(|name| deployment.name_any() == name);
        let mut containers = containers.into_iter();
        let container = containers.find(|container| is_named || (name.is_none() && is_original(container)))?;
        Some((deployment, container))
    });
    Ok(chosen.collect())
}

/// Whatever registry a mirror is in, the last part of the image's name stays.
fn is_original(container: &Container) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split(['@', ':']).next().is_some_and(|name| name.contains("sealed-secrets"))
}

async fn running(cluster: &Cluster, deployment: &Deployment, report: &mut Report) {
    let name = deployment.name_any();
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let scale = format!("kubectl -n {} scale deployment {name} --replicas=0", cluster.namespace);
    if wanted > 0 {
        report.add(ABOUT, Weight::First, format!("the Deployment {name} asks for {wanted}: {scale}"));
    }
    match pods(cluster, deployment).await {
        Ok(0) if wanted == 0 => report.add(ABOUT, Weight::Fine, format!("the Deployment {name} does not run")),
        Ok(0) => {}
        Ok(running) if wanted == 0 => {
            let words =
                format!("{} of the Deployment {name} still there: wait until they are gone", counted(running, "Pod"));
            report.add(ABOUT, Weight::First, words);
        }
        Ok(running) => {
            let words = format!("{} of the Deployment {name} there", counted(running, "Pod"));
            report.add(ABOUT, Weight::First, words);
        }
        Err(error) => report.add(ABOUT, Weight::Unknown, format!("its Pods could not be listed: {}", describe(&error))),
    }
}

async fn pods(cluster: &Cluster, deployment: &Deployment) -> kube::Result<usize> {
    let labels = deployment.spec.as_ref().and_then(|spec| spec.selector.match_labels.clone()).unwrap_or_default();
    let selector: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let pods = api.list(&ListParams::default().labels(&selector.join(","))).await?.items;
    let phase = |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.clone());
    Ok(pods.iter().filter(|pod| !matches!(phase(pod).as_deref(), Some("Succeeded" | "Failed"))).count())
}

/// `kubectl apply` adds our label to the selector of a Service that is there, which then selects nothing.
async fn service(cluster: &Cluster, report: &mut Report) {
    let api: Api<Service> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    match api.get_opt(SERVICE).await {
        Ok(Some(service)) => {
            let selector = service.spec.and_then(|spec| spec.selector).unwrap_or_default();
            if selector.keys().any(|label| label != OUR_LABEL)
                || selector.get(OUR_LABEL).is_some_and(|name| name != "strongroom")
            {
                let words = format!(
                    "the Service {SERVICE} selects the Pods of the original: delete it at the switch, ours has its name"
                );
                report.add(ABOUT, Weight::First, words);
            }
        }
        Ok(None) => {}
        Err(error) => {
            report.add(ABOUT, Weight::Unknown, format!("its Service could not be read: {}", describe(&error)));
        }
    }
}

/// The settings that the arguments and the environment of a container amount to.
fn flags(container: &Container, cluster: &Cluster, report: &mut Report) -> Settings {
    let arguments: Vec<String> =
        container.command.iter().flatten().skip(1).chain(container.args.iter().flatten()).cloned().collect();
    let variables = variables(container, report);
    let told = arguments.iter().any(|argument| !argument.starts_with("--listen-"));
    if told || !variables.is_empty() {
        let names = variables.keys().map(|name| format!("{name}=…"));
        let words: Vec<String> = names.chain(arguments.iter().cloned()).collect();
        report.add(FLAGS, Weight::First, format!("give the operator the same: {}", words.join(" ")));
    }
    let parsed = parse(&arguments, &variables);
    let mut settings = parsed.unwrap_or_else(|words| {
        report.add(FLAGS, Weight::Change, format!("not understood here: {words}"));
        Settings { key_prefix: cluster.key_prefix.clone(), ..Settings::default() }
    });
    for words in settings.sealed_secrets.without_effect() {
        report.add(FLAGS, Weight::Note, format!("has no effect here: {words}"));
    }
    if settings.sealed_secrets.listen_metrics_addr.is_none() {
        report.add(
            FLAGS,
            Weight::Note,
            "metrics are on the first port here; --listen-metrics-addr=:8081 gives them their own",
        );
    }
    settings.narrow(&cluster.namespace);
    settings
}

fn variables(container: &Container, report: &mut Report) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for variable in container.env.iter().flatten().filter(|variable| variable.name.starts_with("SEALED_SECRETS_")) {
        match &variable.value {
            Some(value) => drop(variables.insert(variable.name.clone(), value.clone())),
            None => report.add(FLAGS, Weight::Unknown, format!("the value of {} is set from elsewhere", variable.name)),
        }
    }
    variables
}

fn parse(arguments: &[String], variables: &BTreeMap<String, String>) -> Result<Settings, String> {
    #[derive(Parser)]
    #[command(args_override_self = true)]
    struct Run {
        #[command(flatten)]
        settings: Settings,
    }
    let words = ["controller"].into_iter().map(OsString::from).chain(arguments.iter().map(OsString::from)).collect();
    let words = environment::with_original_names(words, |name| variables.get(name).cloned());
    // The first word is the program, the second the command that a program of this name runs.
    let parsed = Run::try_parse_from(words.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, word)| word));
    parsed.map(|run| run.settings).map_err(|error| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container(value: serde_json::Value) -> Container {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_original_is_known_by_the_end_of_its_image() {
        for (image, expected) in [
            ("docker.io/bitnami/sealed-secrets-controller:0.36.6", true),
            ("mirror.example:5000/a/b/bitnami-sealed-secrets-controller@sha256:0", true),
            ("registry.example/sealed-secrets/strongroom:1", false),
        ] {
            assert_eq!(is_original(&container(json!({ "name": "c", "image": image }))), expected, "{image}");
        }
    }

    #[test]
    fn arguments_and_variables_are_read_as_the_operator_reads_them() {
        let variables = [("SEALED_SECRETS_KEY_PREFIX".to_owned(), "mine".to_owned())].into();
        let arguments = ["--key-renew-period=0", "--additional-namespaces", "a,b"].map(str::to_owned);
        let settings = parse(&arguments, &variables).unwrap();
        assert_eq!(settings.key_prefix, "mine");
        assert_eq!(settings.sealed_secrets.namespaces("own"), ["a", "b", "own"]);
        let words = parse(&["--unheard-of".to_owned()], &BTreeMap::new()).unwrap_err();
        assert!(words.contains("--unheard-of"), "{words}");
    }
}
