/**
 * For tests and benches: an agent without a node. It proves its key, checks the signature of every map and delta,
 * applies them as the real agent does, and says what it holds.
 */
import { randomUUID } from 'node:crypto';
import { type FromAgent, ToAgent } from '@skein/contract/agent/channel.ts';
import type { KubernetesQuestion, KubernetesReply } from '@skein/contract/agent/kubernetes.ts';
import { MapDelta, NetworkMap, Removal } from '@skein/contract/agent/map.ts';
import type { PathAnswer, PathQuestion } from '@skein/contract/agent/path.ts';
import { type HealthCheck, ServicesNews } from '@skein/contract/agent/service.ts';
import { applyDelta } from '@skein/mesh/map/delta.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import {
  helloText,
  openPrivateKey,
  openPublicKey,
  signText,
  verifyMap,
  verifyText,
} from '@skein/mesh/map/sign.ts';
import { applyNews, type ServiceBook } from '@skein/mesh/services/news.ts';
import { WebSocket } from 'ws';

export interface AgentOptions {
  url: string;
  peerId: string;
  /** Ed25519 seed, base64. */
  identitySeed: string;
  /** The key that signs the network's maps, base64. */
  mapKey: string;
  /** A map held from before. */
  held?: NetworkMap;
  /** Signs the hello in its own way: for forgers. */
  signHello?: (nonce: string, peerId: string) => string;
  /** What the hello says; a removal names it. */
  nonce?: string;
  /** What is answered to path tests; nothing without it. */
  answerPath?: (question: PathQuestion) => PathAnswer;
  answerKubernetes?: (question: KubernetesQuestion) => KubernetesReply;
  /** Said right behind the hello, without waiting. */
  behindHello?: FromAgent;
}

export class TestAgent {
  map: NetworkMap | undefined;
  /** What came, in order: `map 3`, `delta 3-4`, `removed`. */
  readonly frames: string[] = [];
  /** The code that the channel was closed with. */
  closedWith: number | undefined;
  /** Nonce of the coordinator's challenge. */
  challenge = '';
  /** What it was told of services, of which it has heard all up to which `services-follow`, and what it is to check. */
  readonly services: ServiceBook = new Map();
  servicesUpTo = 0;
  checks: HealthCheck[] = [];
  /** Whether its cluster is a Kubernetes cluster of the network. */
  speaks: boolean | undefined;
  /** JSON of each news of services that came. */
  readonly news: string[] = [];
  /** Called after each frame and on close. */
  onChange: () => void = () => {};
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();

  constructor(options: AgentOptions) {
    this.map = options.held;
    const mapKey = openPublicKey(options.mapKey);
    const nonce = options.nonce ?? randomUUID();
    this.#socket = new WebSocket(options.url, { perMessageDeflate: false });
    this.#socket.on('error', () => {});
    this.#socket.on('message', (data) => {
      const frame = ToAgent.parse(JSON.parse(String(data)));
      if (frame.type === 'challenge') {
        this.challenge = frame.nonce;
        const sign =
          options.signHello ??
          ((nonce, peerId) =>
            signText('hello', helloText(nonce, peerId), openPrivateKey(options.identitySeed)));
        const have = this.map ? { number: this.map.number, digest: digestOf(this.map) } : null;
        this.say({
          type: 'hello',
          peerId: options.peerId,
          signature: sign(frame.nonce, options.peerId),
          nonce,
          have,
        });
        if (options.behindHello) this.say(options.behindHello);
        return;
      }
      if (frame.type === 'path-test') {
        const answer = options.answerPath?.(frame.question);
        if (answer) this.say({ type: 'path-answer', id: frame.question.id, answer });
        return;
      }
      if (frame.type === 'kubernetes-request') {
        const reply = options.answerKubernetes?.(frame.question);
        if (reply) this.say({ type: 'kubernetes-answer', id: frame.id, reply });
        return;
      }
      if (frame.type === 'removed') {
        const { payload, signature } = frame.signed;
        const removal = Removal.parse(JSON.parse(payload));
        if (!verifyText('removed', payload, signature, mapKey) || removal.nonce !== nonce)
          throw new Error('a removal with a wrong signature or nonce came');
        this.frames.push('removed');
      } else if (frame.type === 'services') {
        const { payload, signature } = frame.signed;
        if (!verifyText('services', payload, signature, mapKey))
          throw new Error('news of services with a wrong signature came');
        const told = ServicesNews.parse(JSON.parse(payload));
        if (told.nonce !== nonce || told.peerId !== options.peerId || told.serial !== this.news.length + 1)
          throw new Error('news of services for somebody else, or out of order');
        this.news.push(JSON.stringify(told.changes));
        applyNews(this.services, told.changes);
        this.servicesUpTo = told.upTo ?? this.servicesUpTo;
        this.checks = told.checks ?? this.checks;
        this.speaks = told.kubernetes;
      } else if (frame.type === 'exports-unknown') {
        this.frames.push(`exports-unknown ${frame.session}`);
      } else {
        if (!verifyMap(frame.signed, mapKey)) throw new Error('a map with a wrong signature came');
        this.#take(frame.signed.kind, JSON.parse(frame.signed.payload));
      }
      this.#changed();
    });
    this.#socket.on('close', (code) => {
      this.closedWith = code;
      this.#changed();
    });
  }

  #take(kind: 'map' | 'delta', payload: unknown): void {
    if (kind === 'map') {
      this.map = NetworkMap.parse(payload);
      this.frames.push(`map ${this.map.number}`);
      return;
    }
    const delta = MapDelta.parse(payload);
    const applied = this.map
      ? applyDelta(this.map, delta)
      : { ok: false as const, reason: 'no map is held' as const };
    this.frames.push(`delta ${delta.base}-${delta.number}${applied.ok ? '' : ` refused: ${applied.reason}`}`);
    if (applied.ok) this.map = applied.map;
    else this.say({ type: 'resync', reason: applied.reason });
  }

  say(frame: FromAgent): void {
    this.#socket.send(JSON.stringify(frame));
  }

  sendRaw(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.terminate();
  }

  #changed(): void {
    this.onChange();
    for (const look of this.#waiting) look();
  }

  /** Resolves once `holds` is true; rejects after `milliseconds` with the frames that came. */
  until(what: string, holds: (agent: TestAgent) => boolean, milliseconds = 10_000): Promise<void> {
    if (holds(this)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (finish: () => void) => {
        clearTimeout(late);
        this.#waiting.delete(look);
        finish();
      };
      const look = () => {
        if (holds(this)) end(resolve);
      };
      const late = setTimeout(
        () =>
          end(() =>
            reject(
              new Error(
                `waited in vain for ${what}; came: ${this.frames.join(', ')}; closed: ${this.closedWith}`,
              ),
            ),
          ),
        milliseconds,
      );
      this.#waiting.add(look);
    });
  }
}
