/** What steps ask of a cluster's API server, through the agent of the node that it runs on. */

import { Facts } from '@skein/contract/agent/channel.ts';
import {
  KUBERNETES_ANSWER_SECONDS,
  type KubernetesFacts,
  type KubernetesQuestion,
  type KubernetesReply,
} from '@skein/contract/agent/kubernetes.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import type { Peer } from '@skein/database/generated/client.ts';
import { APPLY, applyPath, type KubernetesObject } from '@skein/kubernetes/object.ts';
import { z } from 'zod';
import { askKubernetes } from '../../../kubernetes/ask.ts';
import { kubernetesOf } from '../../../kubernetes/of.ts';
import { isConnected } from '../../../network/view.ts';
import { StepFailure, type StepRun } from '../../engine/step-run.ts';
import { gone, type Site, siteOf } from '../site.ts';

/** A cluster that Skein put k3s on, as its steps need it. */
export interface K3sSite extends Site {
  kubernetes: ClusterKubernetes & { version: string; podCidr: string; serviceCidr: string };
  /** All nodes that Skein made, whatever the step names. */
  nodes: Peer[];
  server: Peer;
  api: ClusterApi;
}

export interface ClusterApi {
  /** What the server answered with 2xx; null for 404. Throws `StepFailure` for everything else. */
  get<T>(path: string, schema: z.ZodType<T>): Promise<T | null>;
  /** Server-side apply by our one field manager. Answers the object's version, the same as before where nothing changed. */
  apply(object: KubernetesObject): Promise<string>;
  /** Any request; an answer that is neither 2xx nor one of `fine` throws. */
  send(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType?: string,
    fine?: readonly number[],
  ): Promise<number>;
}

export async function k3sSiteOf(run: StepRun): Promise<K3sSite> {
  const site = await siteOf(run);
  const kubernetes = kubernetesOf(site.cluster);
  const { version, podCidr, serviceCidr } = kubernetes ?? {};
  if (kubernetes?.distribution !== 'k3s' || !version || !podCidr || !serviceCidr)
    throw gone(`${site.cluster.name} is no cluster of k3s.`);
  const nodes = await run.context.database.peer.findMany({
    where: {
      clusterId: site.cluster.id,
      organizationId: site.owner.organizationId,
      removedAt: null,
      managed: true,
    },
    orderBy: { name: 'asc' },
  });
  const server = nodes.find((node) => node.name === kubernetes.server);
  if (!server) throw gone(`The node that runs the API of ${site.cluster.name} is gone.`);
  return {
    ...site,
    kubernetes: { ...kubernetes, version, podCidr, serviceCidr },
    nodes,
    server,
    api: clusterApi(run, server),
  };
}

/** What a node's agent found of Kubernetes on it, or undefined. */
export function factsOf(peer: Pick<Peer, 'facts'>): KubernetesFacts | undefined {
  return Facts.shape.kubernetes.safeParse((peer.facts as { kubernetes?: unknown } | null)?.kubernetes).data;
}

/** What the agent says to a question. Throws `StepFailure` where it says nothing, or will not. */
export async function askNode(
  run: StepRun,
  peer: Pick<Peer, 'id' | 'name' | 'connectedAt' | 'disconnectedAt'>,
  question: KubernetesQuestion,
): Promise<Exclude<KubernetesReply, { answer: 'refused' }>> {
  const { organizationId } = run.step;
  const reply = await askKubernetes(run.context, { organizationId, peerId: peer.id }, question, run.signal);
  if (reply && reply.answer !== 'refused') return reply;
  const silent = isConnected(peer) ? 'did not answer' : 'is not connected';
  throw new StepFailure({
    code: reply ? 'agent-refused' : 'agent-silent',
    message: reply
      ? `The agent of ${peer.name} did not do it: ${reply.reason}`
      : `The agent of ${peer.name} ${silent} within ${KUBERNETES_ANSWER_SECONDS} s.`,
    remedy: `Look at the agent’s log on ${peer.name} (journalctl -u skein-agent), then retry this step.`,
    // A server that is just starting, or an agent that is just coming back.
    retryable: true,
  });
}

function clusterApi(run: StepRun, server: Peer): ClusterApi {
  const ask = async (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: unknown,
    contentType: string | null,
    fine: readonly number[],
  ) => {
    const question = { ask: 'request', method, path, contentType, body: body ?? null } as const;
    const reply = await askNode(run, server, question);
    if (reply.answer !== 'response') throw new Error(`${server.name} answered ${reply.answer} to a request`);
    const { status } = reply;
    if ((status >= 200 && status < 300) || fine.includes(status)) return reply;
    const said = (reply.body as { message?: unknown } | null)?.message;
    throw new StepFailure({
      code: 'kubernetes-refused',
      message: `${method} ${path.split('?')[0]}: HTTP ${status}${typeof said === 'string' ? `, ${said.slice(0, 500)}` : ''}`,
      remedy: null,
      // Busy, just starting, or somebody else changed it at the same moment; a refusal for good stays one.
      retryable: status >= 500 || status === 429 || status === 409,
    });
  };
  return {
    get: async (path, schema) => {
      const { status, body } = await ask('GET', path, null, null, [404]);
      return status === 404 ? null : schema.parse(body);
    },
    apply: async (object) => {
      const { body } = await ask('PATCH', applyPath(object), object, APPLY, []);
      return Versioned.parse(body).metadata.resourceVersion;
    },
    send: async (method, path, body, contentType = 'application/json', fine = []) =>
      (await ask(method, path, body, contentType, fine)).status,
  };
}

const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
