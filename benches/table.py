"""The results as text."""


def columns(head, rows):
    lines = [head] + rows
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    numeric = [all(line[i][:1].isdigit() or line[i][:1] in "-+" for line in rows) for i in range(len(head))]
    pad = lambda text, i: text.rjust(widths[i]) if numeric[i] else text.ljust(widths[i])
    return "\n".join("  ".join(pad(text, i) for i, text in enumerate(line)).rstrip() for line in lines)


def start(result, peers=("bubblewrap", "floor"), what="Start to exit of /bin/true"):
    rows, facts = [], []
    for r in result["sides"]:
        rows.append([r["side"], f"{r['median_us']:.0f}", f"{r['quartile_us']:.0f}", f"{r['min_us']:.0f}",
                     *(f"{r['of_' + peer]:.2f}" if r["of_" + peer] else "-" for peer in peers), str(r["peak_kb"])])
        facts.append([r["side"], " ".join(r["new_namespaces"]), str(r["pid"]), str(r["mounts"]), str(r["dev_entries"]),
                      str(r["capabilities"]), "yes" if r["no_new_privs"] else "no", "yes" if r["seccomp"] else "no", r["note"]])
    text = f"{what}, {result['rounds']} interleaved rounds\n\n"
    text += columns(["side", "median µs", "quartile µs", "min µs", *("÷ " + peer for peer in peers), "peak kB"], rows)
    text += "\n\nWhat each side did, as seen by the program inside\n\n"
    text += columns(["side", "new namespaces", "pid", "mounts", "/dev entries", "capabilities", "no_new_privs", "seccomp",
                     "also"], facts)
    for name, reason in result["skipped"].items():
        text += f"\n\nskipped: {name}: {reason}"
    return text


def hardened(result):
    return start(result, ("crun", "floor"), "Start to exit of /bin/true, fully confined")


def exec(result):
    peers = ("crun", "runc")
    rows = [[r["side"], f"{r['median_us']:.0f}", f"{r['quartile_us']:.0f}", f"{r['min_us']:.0f}",
             *(f"{r['of_' + peer]:.2f}" if r["of_" + peer] else "-" for peer in peers), r["note"]] for r in result["sides"]]
    text = f"exec of /bin/true in a running container, {result['rounds']} interleaved rounds\n\n"
    text += columns(["side", "median µs", "quartile µs", "min µs", *("÷ " + peer for peer in peers), "also"], rows)
    for name, reason in result["skipped"].items():
        text += f"\n\nskipped: {name}: {reason}"
    return text


def rootless(result):
    return start(result, ("bubblewrap",), "Start to exit of /bin/true by an unprivileged user")


def egress(result):
    text, runs = start(result["start"], ("Sandlock", "bubblewrap"), "Start to exit of true with one name allowed"), result["running"]
    found, made = runs["lookups"], runs["connections"]
    rows = [["a lookup of one name, µs", f"{found['plain_us']:.1f}", f"{found['egress_us']:.1f}", f"{found['ratio']:.2f}"],
            ["connections a second", f"{made['plain_per_second']:.0f}", f"{made['egress_per_second']:.0f}", f"{made['ratio']:.2f}"]]
    for name, of in (("", runs), (", with the crowd", runs.get("crowd"))):
        if of:
            rows.append(["a datagram there and back, µs" + name, *(f"{of['packets'][k]:.1f}" for k in ("plain_us", "egress_us")), f"{of['packets']['ratio']:.2f}"])
            rows.append(["iperf3 to the world, Gbit/s" + name, *(f"{of['throughput'][k]:.1f}" for k in ("plain_gbit", "egress_gbit")), f"{of['throughput']['ratio']:.2f}"])
    text += "\n\nA running container beside one without a list, medians\n\n" + columns(["what", "without", "with a list", "ratio"], rows)
    each = found["answers_per_processor_second"]
    text += f"\n\nA flood of lookups: {found['answers_per_second']:.0f} answers a second, {found['failed']} failed; " \
        + (f"{each:.0f} for a second of the resolver's processor time" if each else "the resolver's processor time is unknown")
    return text + f"\nA refused connection: {made['refused_p50_us']:.0f} µs, 99 % within {made['refused_p99_us']:.0f} µs; {made['refused']} of 1000 were refused"


def calls(result):
    rows = [[r["call"], f"{r['bare_ns']:.0f}", f"{r['tinylua_ns']:.0f}", f"{r['overhead_ns']:.0f}",
             *(f"{r[style + '_ns']:.0f}" for style in ("timeline", "lines", "json"))] for r in result["calls"]]
    return f"One call, median of {result['rounds']} interleaved rounds\n\n" + \
        columns(["call", "system call ns", "primitive ns", "difference ns", "+ timeline", "+ lines", "+ json"], rows)


def notify(result):
    floor = next(r["median_ns"] for r in result["sides"] if r["side"].startswith("floor"))
    rows = [[r["side"], f"{r['median_ns'] / 1000:.2f}", f"{r['min_ns'] / 1000:.2f}", f"{r['median_ns'] / floor:.2f}"] for r in result["sides"]]
    return f"One system call that waits for an answer, {result['rounds']} interleaved rounds\n\n" + \
        columns(["side", "median µs", "min µs", "÷ floor"], rows)


def pool(result):
    floor = next(r["median_ns"] for r in result["sides"] if r["side"].startswith("floor"))
    rows = [[r["side"], f"{r['median_ns'] / 1e6:.2f}", f"{r['min_ns'] / 1e6:.2f}", f"{r['median_ns'] / floor:.2f}"] for r in result["sides"]]
    return f"Start to exit of /bin/true, {result['rounds']} interleaved rounds\n\n" + columns(["side", "median ms", "min ms", "÷ floor"], rows)


def size(result):
    rows = [["binary", f"{result['binary_bytes'] / 1e6:.1f} MB"], ["empty recipe, peak", f"{result['empty_recipe_peak_kb']} kB"],
            ["container recipe, peak", f"{result['container_recipe_peak_kb']} kB"]]
    return "Size\n\n" + columns(["what", "size"], rows)


def log(result):
    rows = [[r["side"], r["lines"], f"{r['bytes'] / 1e6:.0f}", f"{r['log_bytes'] / 1e6:.0f}", f"{r['mb_per_second']:.0f}",
             f"{r['user_seconds']:.2f}", f"{r['system_seconds']:.2f}", f"{r['mb_per_cpu_second']:.0f}", f"{r['of_conmon']:.2f}"]
            for r in result["sides"]]
    return f"The log of a container that writes all the time, median of {result['rounds']} interleaved rounds\n\n" + \
        columns(["side", "output", "MB", "MB of log", "MB/s", "user s", "system s", "MB/CPU s", "÷ conmon"], rows)


def supervisor(result):
    rows = [[r["side"], str(r["count"]), f"{r['pss_kb']:.0f}", f"{r['rss_kb']:.0f}", f"{r['private_dirty_kb']:.0f}",
             f"{r['of_conmon']:.2f}" if r["of_conmon"] else "-", r["note"]] for r in result["sides"]]
    text = "An idle supervisor, the mean of so many at once\n\n" + \
        columns(["side", "at once", "PSS kB", "RSS kB", "private dirty kB", "PSS ÷ conmon", "what it does"], rows)
    for name, reason in result["skipped"].items():
        text += f"\n\nskipped: {name}: {reason}"
    return text


def ps(result):
    rows = [[str(r["records"]), r["command"], f"{r['median_ms']:.1f}", f"{r['min_ms']:.1f}"] for r in result["commands"]]
    return "Listings\n\n" + columns(["records", "command", "median ms", "min ms"], rows)


def many(result):
    rows = [[str(r["containers"]), str(r["shells"]), f"{r['starts_per_second']:.0f}", f"{r['pss_sum_kb'] / 1000:.1f}",
             f"{r['pss_each_kb']:.0f}", f"{r['remove_seconds']:.1f}", str(r["left"] + r["supervisors_left"])] for r in result["runs"]]
    return "Detached containers alive at once\n\n" + \
        columns(["containers", "from shells", "starts/s", "PSS sum MB", "PSS each kB", "rm -f of all, s", "left"], rows)


def net(result):
    began = result["start"]
    rows = [[r["side"], f"{r['median_us'] / 1000:.2f}", f"{r['min_us'] / 1000:.2f}", f"{r['of_floor']:.2f}",
             f"{r['of_podman']:.3f}" if r["of_podman"] else "-"] for r in began["sides"]]
    text = f"Start to exit with bridge, address, NAT and a published port, {began['rounds']} interleaved rounds\n\n" + \
        columns(["side", "median ms", "min ms", "÷ floor", "÷ podman"], rows)
    for name, reason in began["skipped"].items():
        text += f"\n\nskipped: {name}: {reason}"
    if "nth" not in result:
        return text
    later, carried = result["nth"], result["throughput"]
    rows = [[str(r["n"]), f"{r['median_ms']:.2f}", f"{r['of_first']:.2f}"] for r in later["starts"]]
    text += "\n\nThe n-th detached container with a network and a published port\n\n" + columns(["n", "median ms", "÷ first"], rows)
    text += f"\n\nremoving all: {later['remove_seconds']:.1f} s; links left: {later['links_left']}"
    rows = [[r["what"], f"{r['tinylua_gbit']:.1f}", f"{r['by_hand_gbit']:.1f}", f"{r['ratio']:.2f}"] for r in carried["ways"]]
    return text + "\n\niperf3, median of 5\n\n" + columns(["from to", "tinylua Gbit/s", "by hand Gbit/s", "ratio"], rows)


def image(result):
    pull = result["pull"]
    ratio = lambda value: f"{value:.2f}" if value else "-"
    rows = [[r["side"], f"{r['seconds']:.2f}", f"{r['min_seconds']:.2f}", f"{r['durable_seconds']:.2f}",
             *(ratio(r["of_" + peer]) for peer in ("floor", "podman", "docker", "ctr")), r["note"]] for r in pull["sides"]]
    text = f"A cold pull of 8 layers, 250 MB ({result['packed_bytes'] / 1e6:.0f} MB compressed), 7,000 files; {pull['rounds']} interleaved rounds\n\n" + \
        columns(["side", "median s", "min s", "with a sync afterwards", "÷ floor", "÷ podman", "÷ docker", "÷ ctr", "what it does"], rows)
    for name, reason in pull["skipped"].items():
        text += f"\n\nskipped: {name}: {reason}"
    if "run" not in result:
        return text
    durable, same, kept = result["durability"], result["unchanged"], result["digests"]
    text += f"\n\nDurability: {durable['sync_seconds']:.2f} s, and {durable['no_sync_seconds']:.2f} s where fsync and syncfs do nothing: " \
        f"{durable['cost'] * 100:+.0f} %"
    text += f"\nUnchanged pull: {same['requests']:.1f} requests, {same['changed_files']} changed files, {same['median_ms']:.1f} ms"
    text += f"\nThe digest is kept by save and load: {'yes' if kept['load'] else 'no'}; by push: {'yes' if kept['push'] else 'no'}"
    rows = [[r["image"], f"{r['pss_sum_kb'] / 1000:.1f}", f"{r['largest_rss_kb'] / 1000:.1f}"] for r in result["memory"]]
    text += "\n\nPeak memory of a pull (large: one layer of 1 GB)\n\n" + columns(["image", "sum of PSS MB", "largest process MB"], rows)
    rows = [[r["side"], f"{r['median_ms']:.2f}", f"{r['min_ms']:.2f}"] for r in result["run"]["sides"]]
    text += "\n\n`run --rm` of true without a network\n\n" + columns(["side", "median ms", "min ms"], rows)
    for name, reason in result["run"]["skipped"].items():
        text += f"\n\nskipped: {name}: {reason}"
    rows = [[r["command"], f"{r['median_ms']:.1f}", f"{r['min_ms']:.1f}"] for r in result["commands"]]
    return text + "\n\nCommands, with 1,000 names in the store\n\n" + columns(["command", "median ms", "min ms"], rows)


def oci(result):
    ratio = lambda row, *peers: [f"{row['of_' + peer]:.2f}" if row["of_" + peer] else "-" for peer in peers]
    ms, parts = lambda microseconds: f"{microseconds / 1000:.2f}", []
    for kind, rows in result["lifecycle"].items():
        lines = [[r["side"], ms(r["median_us"]), ms(r["min_us"]), *ratio(r, "crun", "runc"), *(ms(p["median_us"]) for p in r["phases"].values())]
                 for r in rows]
        parts.append(f"create, start, wait and delete of /bin/true, {kind} config.json, {result['rounds']} interleaved rounds\n\n" +
                     columns(["side", "median ms", "min ms", "÷ crun", "÷ runc", *rows[0]["phases"]], lines))
        lines = [[r["side"], *(str(kb) for kb in r["peak_kb"].values() if kb), f"{r['waiting_pss_kb']:.0f}"] for r in rows]
        parts.append("Peak memory of each command, and of the container's first process (wait), kB; its PSS between create and start\n\n" +
                     columns(["side", *rows[0]["peak_kb"], "PSS"], lines))
        lines = [[r["side"], " ".join(r["new_namespaces"]), str(r["mounts"]), str(r["dev_entries"]), str(r["capabilities"]),
                  "yes" if r["no_new_privs"] else "no", "yes" if r["seccomp"] else "no"] for r in rows]
        parts.append("As seen by a program inside\n\n" +
                     columns(["side", "new namespaces", "mounts", "/dev entries", "capabilities", "no_new_privs", "seccomp"], lines))
    lines = [[name, r["side"], ms(r["median_us"]), ms(r["min_us"]), *ratio(r, "crun", "runc"), str(r["peak_kb"])]
             for name, rows in result["commands"].items() for r in rows]
    parts.append("Single commands on a running container\n\n" +
                 columns(["command", "side", "median ms", "min ms", "÷ crun", "÷ runc", "peak kB"], lines))
    if "memory" in result:
        lines = [[r["what"], r["side"], *(f"{kb:.0f}" for kb in r["kb"].values())] for r in result["memory"]]
        parts.append("Memory of a command and its descendants, kB: the largest sum of PSS in any sample, and what a memory cgroup is charged\n\n" +
                     columns(["what", "side", *result["memory"][0]["kb"]], lines))
        lines = [[r["side"], f"{r['begin_seconds']:.2f}", f"{r['end_seconds']:.2f}", str(r["failed"]), str(r["records_left"]),
                  str(r["cgroups_left"])] for r in result["crowd"]]
        parts.append(f"{result['containers']} containers by {result['clients']} clients at once\n\n" +
                     columns(["side", "create and start, s", "delete --force, s", "failed commands", "records left", "cgroups left"], lines))
        lines = [[r["engine"], r["side"], f"{r['median_ms']:.2f}", *ratio(r, "crun", "runc"), f"{r['whole_ms']:.1f}", str(r["calls"]),
                  str(r["peak_kb"]), ", ".join(f"{word} {t:.2f}" for word, t in r["by_command_ms"].items())] for r in result["engines"]]
        parts.append("Time inside the runtime for one container of an engine\n\n" +
                     columns(["engine", "side", "median ms", "÷ crun", "÷ runc", "all, ms", "calls", "peak kB", "by command, ms"], lines))
    parts += [f"skipped: {name}: {reason}" for name, reason in result["skipped"].items()]
    return "\n\n".join(parts)


def render(results):
    return "\n\n".join(globals()[name](result) for name, result in results.items())
