import { type CniPlan, cniPlanOf } from '@skein/kubernetes/cni.ts';
import { StepFailure, type StepHandler, type StepRun } from '../../engine/step-run.ts';
import { factsOf, type K3sSite, k3sSiteOf } from './cluster-api.ts';
import { DaemonSet, isReady, NodeList, PodList, podsPath, runsEverywhere, troubleOf } from './objects.ts';
import { until } from './until.ts';

/**
 * Kind `cni`: checks what the pods' network needs, applies it, and waits until it runs on every node. Doing it again
 * changes nothing. Whether pods reach each other is the next step's to find out.
 */
export const installCni: StepHandler = async (run) => {
  const site = await factsKnown(run);
  const plan = cniPlanOf(site.kubernetes);
  checkKernels(site, plan);
  checkOthers(site);
  if (plan.podCidrs) await checkRanges(site);
  const versions: Record<string, string> = {};
  for (const object of plan.objects)
    versions[`${object.kind} ${object.metadata.name}`] = await site.api.apply(object);
  if (plan.objects.length > 0) run.log(`${plan.objects.length} objects are applied.`);
  if (plan.daemonSet) await awaitDaemonSet(run, site, plan.daemonSet);
  await awaitReady(run, site);
  run.log(`The pods’ network runs on all ${site.nodes.length} nodes.`);
  return { versions };
};

function failed(code: string, message: string, remedy: string): StepFailure {
  return new StepFailure({ code, message, remedy, retryable: false });
}

/** The cluster once every node's agent has told what it found there. */
async function factsKnown(run: StepRun): Promise<K3sSite> {
  let site = await k3sSiteOf(run);
  await until(run, async () => {
    site = await k3sSiteOf(run);
    const names = site.nodes.filter((node) => !factsOf(node)).map((node) => node.name);
    if (names.length === 0) return null;
    return {
      waitingFor: `the agents of ${names.join(', ')} to find Kubernetes`,
      code: 'cni-check-facts',
      message: `The agents of ${names.join(', ')} have not found Kubernetes on their nodes.`,
      remedy: 'Look at k3s there (journalctl -u k3s-agent), then retry this step.',
    };
  });
  return site;
}

function checkKernels({ nodes, kubernetes }: K3sSite, plan: CniPlan): void {
  for (const node of nodes) {
    const found = factsOf(node)?.kernel ?? [];
    const lacks = plan.kernel.filter((need) => !found.includes(need));
    if (lacks.length > 0)
      throw failed(
        'cni-check-kernel',
        `The check of kernels failed: ${kubernetes.cni} needs ${lacks.join(' and ')}, which the kernel of ${node.name} lacks.`,
        `Install the kernel’s modules on ${node.name} (linux-modules-extra on some images), or choose another backend; then retry this step.`,
      );
  }
}

/** Two of them on one node would take each other's packets. */
function checkOthers({ nodes, kubernetes }: K3sSite): void {
  const wanted = kubernetes.cni === 'k3s-flannel' ? 'flannel' : kubernetes.cni;
  for (const node of nodes) {
    const found = factsOf(node)?.cni ?? null;
    if (found !== null && found !== wanted)
      throw failed(
        'cni-check-other',
        `The check for another CNI failed: ${node.name} has ${found} already, which is left alone.`,
        `Remove ${found} from /etc/cni/net.d of ${node.name} if it is not wanted, then retry this step.`,
      );
  }
}

async function checkRanges({ api, nodes }: K3sSite): Promise<void> {
  const known = (await api.get('/api/v1/nodes', NodeList))?.items ?? [];
  const without = nodes
    .filter(({ name }) => !known.find((node) => node.metadata.name === name)?.spec.podCIDR)
    .map((node) => node.name);
  if (without.length > 0)
    throw failed(
      'cni-check-ranges',
      `The check of ranges failed: Kubernetes gave ${without.join(', ')} no range for pods.`,
      'Look whether the server was started with --cluster-cidr, and whether that has room; then retry this step.',
    );
}

async function awaitDaemonSet(
  run: StepRun,
  { api, nodes }: K3sSite,
  { namespace, name }: { namespace: string; name: string },
): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`;
  await until(run, async () => {
    const found = await api.get(path, DaemonSet);
    if (found && runsEverywhere(found, nodes.length)) return null;
    const { numberReady = 0, desiredNumberScheduled = 0 } = found?.status ?? {};
    const labels = found?.spec.selector.matchLabels ?? {};
    const pods = found ? await api.get(podsPath(namespace, labels), PodList) : null;
    const troubles = (pods?.items ?? []).flatMap((pod) => troubleOf(pod) ?? []);
    const ready = `${numberReady} of ${Math.max(desiredNumberScheduled, nodes.length)} pods of ${namespace}/${name} are ready`;
    return {
      waitingFor: [ready, ...troubles].join('; '),
      code: 'cni-not-ready',
      message: found
        ? `${ready}. ${troubles.join('; ')}`
        : `There is no DaemonSet ${namespace}/${name}: whatever installs it has not.`,
      remedy: `Mend what it says (kubectl -n ${namespace} describe pods), then retry this step.`,
    };
  });
}

async function awaitReady(run: StepRun, { api, nodes }: K3sSite): Promise<void> {
  await until(run, async () => {
    const known = (await api.get('/api/v1/nodes', NodeList))?.items ?? [];
    const missing = nodes.flatMap(({ name }) => {
      const node = known.find((one) => one.metadata.name === name);
      if (node && isReady(node)) return [];
      const said = node?.status.conditions.find((one) => one.type === 'Ready')?.message;
      return [said ? `${name} (${said.slice(0, 200)})` : name];
    });
    if (missing.length === 0) return null;
    return {
      waitingFor: `${missing.join(', ')} to be ready`,
      code: 'cni-nodes-not-ready',
      message: `The CNI runs, but these nodes are not ready: ${missing.join(', ')}.`,
      remedy: 'Look at the kubelet’s log there (journalctl -u k3s or k3s-agent), then retry this step.',
    };
  });
}
