//! The flags that say which cluster is asked, as whom, and where its controller is: the original's and kubectl's.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgAction;
use clap::builder::{StringValueParser, TypedValueParser as _};

use crate::go_flag;

/// Has no `Debug`: a token or a password may be among the flags.
#[derive(clap::Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct Connection {
    /// Namespace of the controller
    #[arg(long, env = "SEALED_SECRETS_CONTROLLER_NAMESPACE", default_value = "kube-system", hide_env_values = true)]
    pub(crate) controller_namespace: String,

    /// Name of the controller's Service
    #[arg(
        long,
        env = "SEALED_SECRETS_CONTROLLER_NAME",
        default_value = "sealed-secrets-controller",
        hide_env_values = true
    )]
    pub(crate) controller_name: String,

    /// Namespace to work in; `ns/NAME` is understood too
    #[arg(short, long, env = "SEALED_SECRETS_NAMESPACE", hide_env_values = true,
          value_parser = StringValueParser::new().map(go_flag::namespace))]
    pub(crate) namespace: Option<String>,

    /// Kubeconfig file, instead of those of $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_KUBECONFIG", hide_env_values = true)]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig
    #[arg(long, env = "SEALED_SECRETS_CONTEXT", hide_env_values = true)]
    pub(crate) context: Option<String>,

    /// Cluster of the kubeconfig
    #[arg(long, env = "SEALED_SECRETS_CLUSTER", hide_env_values = true)]
    pub(crate) cluster: Option<String>,

    /// User of the kubeconfig
    #[arg(long, env = "SEALED_SECRETS_USER", hide_env_values = true)]
    pub(crate) user: Option<String>,

    /// Address of the API server
    #[arg(long, value_name = "URL", env = "SEALED_SECRETS_SERVER", hide_env_values = true)]
    pub(crate) server: Option<String>,

    /// Certificate that proves the API server
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_CERTIFICATE_AUTHORITY", hide_env_values = true)]
    pub(crate) certificate_authority: Option<String>,

    /// Name to expect in the API server's certificate
    #[arg(long, value_name = "NAME", env = "SEALED_SECRETS_TLS_SERVER_NAME", hide_env_values = true)]
    pub(crate) tls_server_name: Option<String>,

    /// Trust whoever answers
    #[arg(long, env = "SEALED_SECRETS_INSECURE_SKIP_TLS_VERIFY", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    pub(crate) insecure_skip_tls_verify: bool,

    /// Proxy to the API server: http, https or socks5
    #[arg(long, value_name = "URL", env = "SEALED_SECRETS_PROXY_URL", hide_env_values = true)]
    pub(crate) proxy_url: Option<String>,

    /// Bearer token
    #[arg(long, env = "SEALED_SECRETS_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// Client certificate
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_CLIENT_CERTIFICATE", hide_env_values = true)]
    pub(crate) client_certificate: Option<String>,

    /// Key of the client certificate
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_CLIENT_KEY", hide_env_values = true)]
    pub(crate) client_key: Option<String>,

    /// Name for basic authentication
    #[arg(long, value_name = "NAME", env = "SEALED_SECRETS_USERNAME", hide_env_values = true)]
    pub(crate) username: Option<String>,

    /// Password for basic authentication
    #[arg(long, env = "SEALED_SECRETS_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,

    /// User to act as
    #[arg(long = "as", value_name = "USER", env = "SEALED_SECRETS_AS", hide_env_values = true)]
    pub(crate) act_as: Option<String>,

    /// Group to act as; may be repeated
    #[arg(long = "as-group", value_name = "GROUP", env = "SEALED_SECRETS_AS_GROUP", hide_env_values = true)]
    pub(crate) act_as_groups: Vec<String>,

    /// UID to act as
    #[arg(long = "as-uid", value_name = "UID", env = "SEALED_SECRETS_AS_UID", hide_env_values = true)]
    pub(crate) act_as_uid: Option<String>,

    /// How long one request may take, such as 30s; 0 is for ever
    #[arg(long, value_name = "DURATION", env = "SEALED_SECRETS_REQUEST_TIMEOUT", default_value = "0",
          value_parser = go_flag::timeout, hide_env_values = true)]
    pub(crate) request_timeout: Duration,
}

/// The text, unless it is empty: an empty flag or variable is one that was not given.
pub(crate) fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}
