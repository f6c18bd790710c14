/** Doing what the control plane asks of the node's cluster: from the list of what is asked at all, and nothing else. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import {
  KUBERNETES_ANSWER_SECONDS,
  type KubernetesQuestion,
  type KubernetesReply,
  MAX_KUBERNETES_BYTES,
} from '@skein/contract/agent/kubernetes.ts';
import { refusalOf } from '@skein/kubernetes/allowed.ts';
import { K3S_SCRIPT } from '@skein/kubernetes/k3s.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import { wordsOf } from '../failure.ts';
import type { Run } from '../host/command.ts';
import type { Log } from '../host/log.ts';
import type { OwnCluster } from './access.ts';

const BEFORE_LIMIT_SECONDS = 2;
const PINGS_AT_ONCE = 10;
const UPGRADE_SECONDS = 900;

export interface Answering {
  run: Run;
  log: Log;
  cluster: () => OwnCluster | null;
  /** Ranges of this node's own pods. */
  podCidrs: () => readonly string[];
}

/** Never throws, and answers before whoever asks gives up. */
export function newAnswers(options: Answering): (question: KubernetesQuestion) => Promise<KubernetesReply> {
  const refused = (reason: string): KubernetesReply => ({ answer: 'refused', reason: reason.slice(0, 1000) });
  let upgrading = false;

  const request = async (
    cluster: OwnCluster,
    asked: Extract<KubernetesQuestion, { ask: 'request' }>,
  ): Promise<KubernetesReply> => {
    const { method, path, body, contentType } = asked;
    const reason = refusalOf({ method, path, body }, cluster.distribution === 'k3s');
    if (reason !== null) return refused(`${method} ${path.split('?')[0]} is not passed on: ${reason}`);
    if (!cluster.scoped) return refused('this node’s agent has no account of its own at the API server');
    const answer = await cluster.api.request(method, path, body ?? undefined, contentType ?? undefined);
    const text = JSON.stringify(answer.body) ?? 'null';
    if (Buffer.byteLength(text) > MAX_KUBERNETES_BYTES)
      return refused(`the answer has more than ${MAX_KUBERNETES_BYTES} bytes`);
    return { answer: 'response', status: answer.status, body: answer.body ?? null };
  };

  const ping = async (addresses: readonly string[]): Promise<KubernetesReply> => {
    const source = ownPodAddress(options.podCidrs());
    const left = [...addresses];
    const answered: string[] = [];
    let missing = '';
    const lane = async () => {
      for (let address = left.shift(); address; address = left.shift()) {
        const ran = await options.run('ping', [
          ...['-n', '-q', '-c', '2', '-i', '0.3', '-W', '1'],
          ...(source === undefined ? [] : ['-I', source]),
          address,
        ]);
        if (ran.ok) answered.push(address);
        else if (ran.message.includes('ENOENT')) missing = 'this node has no ping; install iputils-ping';
      }
    };
    await Promise.all(Array.from({ length: PINGS_AT_ONCE }, lane));
    return missing ? refused(missing) : { answer: 'pinged', answered };
  };

  const upgrade = (version: string): KubernetesReply => {
    if (!/^v[\w.+-]{1,39}$/.test(version)) return refused('that is no release');
    if (!existsSync(K3S_SCRIPT))
      return refused(`there is no ${K3S_SCRIPT}: Skein did not put k3s on this node`);
    if (upgrading) return { answer: 'upgraded' };
    upgrading = true;
    options.log(`putting k3s ${version} on this node`);
    // Takes minutes, and goes on whatever becomes of the channel.
    const child = spawn(K3S_SCRIPT, [version], { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => child.kill('SIGKILL'), UPGRADE_SECONDS * 1000);
    const ended = (words: string) => {
      clearTimeout(timer);
      upgrading = false;
      options.log(`k3s ${version}: ${words}`);
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) =>
      ended(code === 0 ? 'in place' : `failed (${signal ?? `exit code ${code}`})`),
    );
    return { answer: 'upgraded' };
  };

  return async (question) => {
    const late = Promise.withResolvers<KubernetesReply>();
    const timer = setTimeout(
      () => late.resolve(refused('the API server did not answer in time')),
      (KUBERNETES_ANSWER_SECONDS - BEFORE_LIMIT_SECONDS) * 1000,
    );
    try {
      const cluster = options.cluster();
      if (!cluster) return refused('this node is of no Kubernetes cluster, or its API server is not up yet');
      if (question.ask === 'upgrade') return upgrade(question.version);
      const work = question.ask === 'ping' ? ping(question.addresses) : request(cluster, question);
      return await Promise.race([work, late.promise]);
    } catch (error) {
      return refused(wordsOf(error));
    } finally {
      clearTimeout(timer);
    }
  };
}

/** An address of this node in its own pods' range, by which pods elsewhere see it as one of them. */
function ownPodAddress(podCidrs: readonly string[]): string | undefined {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter((one) => one.family === 'IPv4').map((one) => one.address),
  );
  return own.find((address) => podCidrs.some((range) => contains(range, address)));
}
