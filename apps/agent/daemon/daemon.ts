/** The daemon: holds the map, keeps the node at it, talks with the coordinator, and goes on without it. */
import { setTimeout as wait } from 'node:timers/promises';
import type { LinkReport } from '@skein/contract/agent/channel.ts';
import type { KubernetesQuestion, KubernetesReply } from '@skein/contract/agent/kubernetes.ts';
import type { MapPeer, NetworkMap, SignedMap } from '@skein/contract/agent/map.ts';
import type { PathQuestion } from '@skein/contract/agent/path.ts';
import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { openPublicKey } from '@skein/mesh/map/sign.ts';
import { backoffSeconds } from '../channel/backoff.ts';
import { type Channel, keepChannel } from '../channel/channel.ts';
import { receive } from '../channel/receive.ts';
import { PROBE_EVERY_SECONDS, REPORT_EVERY_SECONDS, readEnvironment, VERSION } from '../config.ts';
import { answerPath } from '../doctor/answer-path.ts';
import type { Measured } from '../doctor/facts.ts';
import { chosenPeers, kindOf, measurePeers } from '../doctor/measure.ts';
import { wordsOf } from '../failure.ts';
import type { Run } from '../host/command.ts';
import { firstUnderlayAddress, gatherFacts, underlayAddress } from '../host/facts.ts';
import type { Log } from '../host/log.ts';
import type { KubernetesKeeper } from '../kubernetes/keeper.ts';
import { findPlace } from '../kubernetes/place.ts';
import type { KubernetesServices } from '../kubernetes/services/start.ts';
import { gistOf } from '../link/report.ts';
import { ensureRelayKey, pinOf } from '../relay/tls/certificate.ts';
import { newHealth } from '../service/health.ts';
import { newServiceKeeper } from '../service/keeper.ts';
import type { Enrolment } from '../state/enrolment.ts';
import type { Keys } from '../state/keys.ts';
import { LONGEST_CHAIN, openMapCache } from '../state/map-cache.ts';
import { readSharedKeys } from '../state/shared-keys.ts';
import type { Status } from './control-socket.ts';
import { type Node, newNode } from './node.ts';
import { newRotation } from './rotation.ts';

export interface Daemon {
  status(): Status;
  /** Probes all tunnels, or the one to the peer of this name or overlay address, for two seconds. */
  measure(peer: string | undefined): Promise<Measured>;
  /** Has others take other ways, and waits until they do; or takes that back. */
  drain(on: boolean): Promise<void>;
  /** Tells the coordinator that the node leaves; says whether it was heard. */
  tellLeaving(): Promise<boolean>;
  /** Stops within this process; tunnels, routes and filter stay. */
  stop(): Promise<void>;
}

/** How often the whole node is compared with the map, in rounds of measuring. */
const ROUNDS_PER_CHECK = 3;
/** New tunnels are measured soon, so that a new peer is seen to be up without waiting for the next round. */
const SOON_MILLISECONDS = [300, 1500, 4000];
const LEAVE_SECONDS = 5;
/** What one report may tell. */
const MOST_CONTAINERS = 1024;
const MOST_PATH_TESTS = 2;
/** How often it is looked whether our key is to be replaced, and what is next for it. */
const ROTATE_EVERY_SECONDS = 2;
/** Others are told three times in 300 ms to go other ways. Then it is waited until nothing comes by any more. */
const DRAIN_MILLISECONDS = 1000;
const QUIET_MILLISECONDS = 500;
/** Where there is no other way, or the node's own traffic goes on, nothing is gained by waiting longer. */
const LONGEST_DRAIN_MILLISECONDS = 5000;

export async function startDaemon(options: {
  run: Run;
  log: Log;
  keys: Keys;
  enrolment: Enrolment;
  /** The coordinator removed this peer. Called once. */
  onRemoved: (reason: string) => void;
}): Promise<Daemon> {
  const { log, enrolment, keys } = options;
  const own = { ...enrolment, mapKey: openPublicKey(enrolment.mapKey) };
  const cache = await openMapCache(own);
  const relayPin = pinOf(await ensureRelayKey());
  let held = cache.map;
  /** When that came, in monotonic milliseconds. */
  let heldAt = Number.NEGATIVE_INFINITY;
  let appliedNumber: number | null = null;
  let problem: string | null = null;
  let links: LinkReport[] = [];
  let privateAddress: string | null = null;
  let rounds = 0;
  let deviceFailures = 0;
  let stopped = false;
  let pathTests = 0;
  const timers = new Set<NodeJS.Timeout>();
  let goneHeard: (() => void) | undefined;
  /** Loaded where the node turns out to be one of a Kubernetes cluster. */
  let kubernetes: KubernetesKeeper | undefined;
  /** Where the agent may ask the cluster's API server for more than its own node. */
  let clusterServices: KubernetesServices | undefined;
  let channel: Channel | undefined;
  let onlineSince = 0;

  const later = (milliseconds: number, what: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      what();
    }, milliseconds);
    timers.add(timer);
    return timer;
  };

  const services = newServiceKeeper({
    send: (frame) => channel?.connected() === true && channel.send(frame),
    now: () => performance.now(),
    random: Math.random,
  });
  const health = newHealth({
    address: () => held?.self.overlayAddress ?? null,
    send: (frame) => channel?.connected() === true && channel.send(frame),
    now: () => performance.now(),
  });
  const node: Node = newNode({
    ...options,
    clusterset: {
      random: Math.random,
      answer: (name) => (clusterServices ?? services).clusterset.answer(name),
    },
    self: own,
    shared: await readSharedKeys(),
    onDeviceGone: () => {
      // Bounded: one that dies at once is tried ever more seldom, up to every 30 s.
      later(1000 * backoffSeconds(deviceFailures, Math.random()), () => void enqueue(check));
      deviceFailures += 1;
    },
    onVerdicts: () => later(50, () => void enqueue(measure)),
    onUnrouted: () => void enqueue(check),
    onlineSince: () => (channel?.connected() ? onlineSince : null),
    onUdp: () => report(),
    onContainers: () => report(),
    onSizes: () => enqueue(async () => held && node.resize(held)),
  });

  // One thing at a time: a map that comes while another is applied waits, and only the newest is applied.
  let queue: Promise<void> = Promise.resolve();
  const enqueue = (work: () => Promise<unknown>): Promise<void> => {
    queue = queue.then(async () => {
      if (stopped) return;
      await work().catch((error) => log(`unexpected: ${wordsOf(error)}`));
    });
    return queue;
  };

  /** Begun anew by each map: many in a row are measured once, after the last. */
  let soon: NodeJS.Timeout[] = [];
  const measureSoon = () => {
    for (const timer of soon) clearTimeout(timer);
    soon = SOON_MILLISECONDS.map((milliseconds) => later(milliseconds, () => void enqueue(measure)));
  };

  const check = async () => {
    if (!held) return;
    const map = held;
    const isNew = appliedNumber !== map.number;
    // The rounds look at everything; what is new need not wait for that.
    const quick = isNew && (await node.applyDifference(map, heldAt));
    const outcome = quick ? { applied: true, problem: null } : await node.apply(map, heldAt);
    if (outcome.applied) appliedNumber = map.number;
    if (outcome.problem !== problem)
      log(outcome.problem ? `problem: ${outcome.problem}` : 'the problem is gone');
    const changed = isNew || outcome.problem !== problem;
    problem = outcome.problem;
    if (outcome.applied && isNew) {
      log(`map ${map.number} applied: ${map.peers.length} tunnels`);
      measureSoon();
    }
    if (changed) report();
  };

  const measure = async () => {
    if (!held) return;
    const before = gistOf(links);
    links = await node.measure(held);
    if (gistOf(links) !== before) report();
  };

  const round = async () => {
    rounds += 1;
    if (rounds % ROUNDS_PER_CHECK === 0) {
      await check();
      if (node.wireguard()) deviceFailures = 0;
      privateAddress = (await underlayAddress(enrolment.coordinatorUrl)) ?? privateAddress;
    }
    await measure();
    // A slow API server must not keep the round.
    lookForKubernetes().catch((error) => log(`Kubernetes: ${wordsOf(error)}`));
  };

  const report = () => {
    if (stopped || !channel?.connected()) return;
    const port = held?.self.wireguardPort ?? WIREGUARD_PORT;
    const seen = node.seen({ address: privateAddress, port });
    const udp = node.udp();
    const containers = node.containers();
    channel.send({
      type: 'report',
      facts: {
        ...gatherFacts(node.wireguard() ?? 'userspace', privateAddress),
        nat: seen.nat,
        ...(kubernetes?.facts() ? { kubernetes: kubernetes.facts() } : {}),
        ...(appliedNumber === null ? {} : { ipv6: node.overlayAddress6() !== null }),
      },
      endpoints: [
        ...(privateAddress ? [{ kind: 'private' as const, address: privateAddress, port }] : []),
        // The VPCs that Skein knows, and their security groups, let in IPv4 alone.
        ...(held && held.self.clusterVpcCidr === null
          ? node.globalAddresses().map((address) => ({ kind: 'global' as const, address, port }))
          : []),
        ...seen.endpoints,
      ],
      appliedNumber,
      problem: [problem, clusterServices?.problem()].filter(Boolean).join('; ').slice(0, 2000) || null,
      ...(udp === 'unknown' ? {} : { udp }),
      relayPin,
      ...(containers ? { containers: containers.slice(0, MOST_CONTAINERS) } : {}),
      links: links.slice(0, 2000),
    });
  };

  const takeMap = async (signed: SignedMap, cameAt: number) => {
    const received = receive(signed, held, own);
    if (received.kind === 'reject') {
      log(`map refused: ${received.reason}`);
      channel?.drop();
    } else if (received.kind === 'resync') {
      channel?.send({ type: 'resync', reason: received.reason });
    } else if (received.kind === 'map' || signed.kind === 'map') {
      if (received.kind === 'map') {
        held = received.map;
        heldAt = cameAt;
      }
      void enqueue(check);
      // A full disk must not keep the node from its map.
      const kept = cache.keep(signed);
      // Asked again only after as many more: each answer is a whole map.
      if (cache.length() % LONGEST_CHAIN === 0)
        channel?.send({ type: 'resync', reason: `${cache.length() - 1} deltas since the last whole map` });
      await kept;
    }
  };

  const measureTunnels = (peers: readonly MapPeer[]) => measurePeers(peers, node.observe, node.mtu, Date.now);
  const takePathTest = async (question: PathQuestion) => {
    // Each takes seconds and a dozen processes: a node has better things to do than many at once.
    if (!held || pathTests >= MOST_PATH_TESTS) return;
    pathTests += 1;
    const answer = await answerPath(options.run, held, question, measureTunnels).finally(() => {
      pathTests -= 1;
    });
    channel?.send({ type: 'path-answer', id: question.id, answer });
  };

  const takeKubernetes = async (id: string, question: KubernetesQuestion) => {
    const reply: KubernetesReply = kubernetes
      ? await kubernetes.answer(question)
      : { answer: 'refused', reason: 'this node is of no Kubernetes cluster' };
    channel?.send({ type: 'kubernetes-answer', id, reply });
  };
  /** A node may become one of a cluster at any time; what is found goes into the next report. */
  let servingCluster = false;
  let speaksForCluster = false;
  const serveCluster = async () => {
    const own = kubernetes?.cluster();
    if (!own?.scoped || !speaksForCluster || servingCluster || stopped) return;
    servingCluster = true;
    try {
      const { ensureKinds, nodeAddress, startKubernetesServices } = await import(
        '../kubernetes/services/start.ts'
      );
      await ensureKinds(own.api);
      const address = await nodeAddress(own.api, own.node);
      if (stopped) return;
      clusterServices = startKubernetesServices({
        api: own.api,
        peerId: enrolment.peerId,
        cluster: () => held?.self.clusterName ?? null,
        address,
        keeper: services,
        send: (frame) => channel?.connected() === true && channel.send(frame),
        log,
        random: Math.random,
      });
    } catch (error) {
      // Looked at again with the cluster.
      servingCluster = false;
      throw error;
    }
  };
  /** Bounded: a cluster that does not answer keeps no node from leaving. */
  const leaveCluster = async () => {
    if (!clusterServices) return;
    await Promise.race([
      clusterServices.leave().catch((error) => log(`services of the cluster: ${wordsOf(error)}`)),
      wait(LEAVE_SECONDS * 1000, undefined, { ref: false }),
    ]);
  };

  const lookForKubernetes = async () => {
    const place = () => findPlace(readEnvironment());
    if (!kubernetes && place()) {
      const { newKubernetesKeeper } = await import('../kubernetes/keeper.ts');
      kubernetes ??= newKubernetesKeeper({ run: options.run, log, place, now: Date.now });
    }
    const before = JSON.stringify(kubernetes?.facts());
    await kubernetes?.look();
    await serveCluster();
    if (JSON.stringify(kubernetes?.facts()) !== before) report();
  };

  // From the last map, whether or not anybody can be reached.
  await enqueue(check);
  privateAddress = (await underlayAddress(enrolment.coordinatorUrl)) ?? firstUnderlayAddress();

  // Maps are taken in the order in which they come, each whole before the next.
  let taking: Promise<void> = Promise.resolve();
  channel = keepChannel({
    coordinatorUrl: enrolment.coordinatorUrl,
    own,
    identity: keys.identity,
    log,
    random: Math.random,
    have: () => (held ? { number: held.number, digest: digestOf(held) } : null),
    onReady: () => {
      onlineSince = performance.now();
      report();
      services.connected();
      health.connected();
      clusterServices?.connected();
    },
    onMap: (signed) => {
      const cameAt = performance.now();
      taking = taking
        .then(() => takeMap(signed, cameAt))
        .catch((error) => log(`map not kept: ${wordsOf(error)}`));
    },
    onKubernetes: (id, question) => {
      takeKubernetes(id, question).catch((error) => log(`cluster not asked: ${wordsOf(error)}`));
    },
    onPathTest: (question) => {
      takePathTest(question).catch((error) => log(`path not tested: ${wordsOf(error)}`));
    },
    onServices: (news) => {
      services.take(news);
      if (news.checks) health.apply(news.checks);
      if (news.kubernetes === speaksForCluster) return;
      speaksForCluster = news.kubernetes;
      serveCluster().catch((error) => log(`services of the cluster: ${wordsOf(error)}`));
    },
    onExportsUnknown: () => clusterServices?.exportsUnknown(),
    onRemoved: (reason) => {
      goneHeard?.();
      if (!stopped) void leaveCluster().then(() => options.onRemoved(reason));
    },
  });
  const rounding = setInterval(() => void enqueue(round), PROBE_EVERY_SECONDS * 1000);
  const rotation = await newRotation({ keys, node, log, clock: () => performance.now() });
  const rotating = setInterval(() => {
    if (held && channel)
      rotation.tick(held, channel).catch((error) => log(`key not replaced: ${wordsOf(error)}`));
  }, ROTATE_EVERY_SECONDS * 1000);
  const reporting = setInterval(report, REPORT_EVERY_SECONDS * 1000);

  return {
    status: () => ({
      version: VERSION,
      name: held?.self.name ?? enrolment.name,
      networkId: enrolment.networkId,
      peerId: enrolment.peerId,
      coordinatorUrl: enrolment.coordinatorUrl,
      connected: channel?.connected() ?? false,
      overlayAddress: held?.self.overlayAddress ?? null,
      overlayAddress6: node.overlayAddress6(),
      role: held?.self.role ?? null,
      zone: held?.self.zone ?? null,
      heldNumber: held?.number ?? null,
      appliedNumber,
      problem,
      draining: node.isDraining(),
      wireguard: node.wireguard(),
      ranges: held?.self.ranges ?? [],
      pods: held?.self.pods.own ?? [],
      udp: node.udp(),
      overTls: overTls(held, links),
      peers: peersOf(held, links, node.mtu.mtuOf),
    }),
    measure: async (peer) =>
      held
        ? { peers: await measureTunnels(chosenPeers(held, peer)), known: held.peers.length }
        : { peers: [], known: 0 },
    drain: async (on) => {
      node.drain(on);
      if (!on || !held?.self.forwards) return;
      const startedAt = performance.now();
      await wait(DRAIN_MILLISECONDS);
      while (
        node.quietMilliseconds() < QUIET_MILLISECONDS &&
        performance.now() - startedAt < LONGEST_DRAIN_MILLISECONDS
      )
        await wait(QUIET_MILLISECONDS / 2);
    },
    tellLeaving: async () => {
      await leaveCluster();
      return new Promise((resolve) => {
        if (!channel?.send({ type: 'leave' })) return resolve(false);
        goneHeard = () => resolve(true);
        later(LEAVE_SECONDS * 1000, () => resolve(false));
      });
    },
    stop: async () => {
      // Tunnels stay, but nobody will answer for them: others need not find that out by silence.
      node.drain(true);
      stopped = true;
      clearInterval(rounding);
      clearInterval(rotating);
      clearInterval(reporting);
      for (const timer of timers) clearTimeout(timer);
      await clusterServices?.close();
      services.close();
      health.close();
      channel?.close();
      kubernetes?.close();
      await queue;
      await node.release();
    },
  };
}

function peersOf(
  map: NetworkMap | undefined,
  links: readonly LinkReport[],
  mtuOf: (peerId: string) => number,
): Status['peers'] {
  const byPeer = new Map(links.map((link) => [link.peerId, link]));
  return (map?.peers ?? []).flatMap((peer) => {
    const link = byPeer.get(peer.id);
    if (!link) return [];
    const { name, role, overlayAddress, clusterId, plane } = peer;
    const path = link.endpoint === null ? null : kindOf(peer, link.endpoint);
    return [{ ...link, name, role, overlayAddress, clusterId, plane, path, mtu: mtuOf(peer.id) }];
  });
}

/** Whom this node reaches over TLS, by relay. */
function overTls(map: NetworkMap | undefined, links: readonly LinkReport[]): Status['overTls'] {
  const endpoints = new Map(links.map((link) => [link.peerId, link.endpoint]));
  const found = (map?.peers ?? []).flatMap((peer) => {
    const used = peer.endpoints.find(
      (one) => one.tls && `${one.address}:${one.port}` === endpoints.get(peer.id),
    );
    return used?.tls ? [{ relay: `${used.address}:${used.tls.port}`, name: peer.name }] : [];
  });
  const byRelay = Map.groupBy(found, ({ relay }) => relay);
  return [...byRelay].map(([relay, some]) => ({ relay, peers: some.map(({ name }) => name) }));
}
