"""What is known of agentkernel-local: with --strict its cases may be skipped for these reasons only, and no other."""

SKIPS: dict[str, str] = {
    "lifecycle.pause_and_resume": "bubblewrap cannot freeze a sandbox with its memory",
    "lifecycle.fork": "bubblewrap cannot freeze a sandbox with its memory",
    "options.ports": "what listens in a sandbox listens on this machine",
    "options.network": "there are no networks of its own",
    "options.volumes": "there are no volumes",
    "options.secrets": "there is no vault",
    "options.placeholder_secrets": "there is no vault",
    "exec.sudo": "root in a sandbox is not given away over HTTP",
    "errors.wrong_key": "it wants a key only when it was given one",
}
