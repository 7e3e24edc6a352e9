"""Traces and clusters that the benchmarks run: made once, by fixed seeds, in a folder that can be thrown away."""

import json
import os
import subprocess


class Workloads:
    """Paths of the inputs; each is made when it is first asked for."""

    def __init__(self, simhost, folder):
        self.simhost = simhost
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def poisson(self, requests, rate, prompt, output):
        """Poisson arrivals; lengths as `simhost workload generate` takes them."""
        name = f"poisson-{requests}-{rate}-{prompt}-{output}.jsonl"
        path = os.path.join(self.folder, "".join(c if c.isalnum() or c in ".-" else "_" for c in name))
        if not os.path.exists(path):
            command = [
                self.simhost, "workload", "generate", "--rate", str(rate), "--num-reqs", str(requests),
                "--prompt-tokens", prompt, "--output-tokens", output, "--seed", "1", "--output", path,
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return path

    def chat(self, requests, rate):
        """Mean 1,000 tokens in and 200 out: the shape of chat traffic."""
        return self.poisson(
            requests, rate, "lognormal:mean=1000,sigma=0.8,max=8000", "lognormal:mean=200,sigma=0.6,max=1000")

    def repeated(self, trace, requests):
        """A Mooncake trace over and over: times move on, and each round has contents of its own."""
        path = os.path.join(self.folder, f"repeated-{requests}.jsonl")
        if os.path.exists(path):
            return path
        with open(trace) as lines:
            rows = [json.loads(line) for line in lines]
        span = rows[-1]["timestamp"] + 1000
        contents = max(max(row["hash_ids"], default=0) for row in rows) + 1
        with open(path, "w") as file:
            for place in range(requests):
                turn, row = divmod(place, len(rows))
                row = dict(rows[row])
                row["timestamp"] += turn * span
                row["hash_ids"] = [identity + turn * contents for identity in row["hash_ids"]]
                file.write(json.dumps(row, separators=(",", ":")) + "\n")
        return path

    def mixed(self, instances):
        """Instances that do both, all alike: that of `single_node_single_instance.json`."""
        path = os.path.join(self.folder, f"mixed-{instances}.json")
        with open("configs/cluster/single_node_single_instance.json") as file:
            cluster = json.load(file)
        node = cluster["nodes"][0]
        node["instances"] = node["instances"][:1] * instances
        node["num_instances"] = instances
        with open(path, "w") as file:
            json.dump(cluster, file)
        return path

    def cluster(self, instances):
        """Half prefill, half decode, all alike: those of `single_node_4p4d.json`."""
        path = os.path.join(self.folder, f"cluster-{instances}.json")
        with open("configs/cluster/single_node_4p4d.json") as file:
            cluster = json.load(file)
        node = cluster["nodes"][0]
        first, last = node["instances"][0], node["instances"][-1]
        node["instances"] = [first] * (instances // 2) + [last] * (instances // 2)
        node["num_instances"] = instances
        with open(path, "w") as file:
            json.dump(cluster, file)
        return path
