/**
 * What this agent knows of services. It follows those that somebody on the node asked for lately, and the namespaces of
 * the cluster that it writes imports for; of others it hears nothing. What it was last told holds while the coordinator is
 * away, and until all has been said anew.
 */
import {
  type FollowFrame,
  MOST_NAMES_FOLLOWED,
  MOST_NAMESPACES_FOLLOWED,
  ServiceKey,
  type ServicesNews,
} from '@skein/contract/agent/service.ts';
import { applyNews, type ServiceBook } from '@skein/mesh/services/news.ts';
import { answerFor, serviceOfName } from '@skein/mesh/services/records.ts';
import type { ServiceView } from '@skein/mesh/services/view.ts';
import type { Clusterset } from '../dns/clusterset.ts';

export interface ServiceKeeper {
  clusterset: Clusterset;
  /** The channel is open: what is followed is said, and all is told anew. */
  connected(): void;
  take(news: ServicesNews): void;
  /** Follows all services of these namespaces; `onNews` is called with the keys that news were of. */
  followNamespaces(namespaces: readonly string[], onNews: (keys: ReadonlySet<string>) => void): void;
  /** The services that there are, of those that are followed. */
  views(): ReadonlyMap<string, ServiceView>;
  /** One of them; null where there is none, undefined where it was not told. */
  view(key: string): ServiceView | null | undefined;
  close(): void;
}

/** How long a service is followed after it was last asked for. */
const FOLLOWED_MILLISECONDS = 600_000;
/** How long the first question for a service waits until the coordinator has said what there is. */
const WAIT_MILLISECONDS = 1500;
const FORGET_EVERY_MILLISECONDS = 30_000;

export function newServiceKeeper(options: {
  send: (frame: FollowFrame) => boolean;
  now: () => number;
  random: () => number;
}): ServiceKeeper {
  let book: ServiceBook = new Map();
  /** While all is told anew: what was told so far. */
  let coming: ServiceBook | undefined;
  /** Names and when they were last asked for. Maps keep the order of insertion: the first is the longest not asked. */
  const asked = new Map<string, number>();
  let namespaces: readonly string[] = [];
  let onNews: (keys: ReadonlySet<string>) => void = () => {};
  let toldNamespaces: readonly string[] = [];
  let sent = 0;
  let upTo = 0;
  let sending: NodeJS.Immediate | undefined;
  const waiting = new Set<() => void>();

  const sayNow = () => {
    clearImmediate(sending);
    sending = undefined;
    const frame: FollowFrame = {
      type: 'services-follow',
      namespaces: [...namespaces],
      names: [...asked.keys()],
    };
    if (options.send(frame)) sent += 1;
  };
  const say = () => {
    // Many names asked for at once are one frame.
    sending ??= setImmediate(sayNow);
  };
  const forgetting = setInterval(() => {
    let forgot = false;
    for (const [key, at] of asked) {
      if (options.now() - at < FOLLOWED_MILLISECONDS) break;
      asked.delete(key);
      forgot = true;
    }
    if (forgot) say();
  }, FORGET_EVERY_MILLISECONDS);
  forgetting.unref();

  const note = (key: string) => {
    const isNew = !asked.delete(key);
    asked.set(key, options.now());
    const oldest = asked.keys().next().value;
    if (asked.size > MOST_NAMES_FOLLOWED && oldest !== undefined) asked.delete(oldest);
    if (isNew) say();
  };
  const known = (key: string): ServiceView | null | undefined => {
    const view = book.get(key);
    // Of a namespace that is followed whole, what was not told of is not there.
    const told = sending === undefined && sent > 0 && upTo === sent;
    if (view === undefined && told && namespaces.includes(namespaceOf(key))) return null;
    return view;
  };
  const untilKnown = (key: string): Promise<void> =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(late);
        waiting.delete(look);
        resolve();
      };
      const look = () => {
        if (known(key) !== undefined) done();
      };
      const late = setTimeout(done, WAIT_MILLISECONDS);
      waiting.add(look);
    });

  return {
    clusterset: {
      random: options.random,
      answer: async (name) => {
        const key = serviceOfName(name);
        if (key !== undefined && ServiceKey.safeParse(key).success) {
          if (!namespaces.includes(namespaceOf(key))) note(key);
          if (known(key) === undefined) await untilKnown(key);
        }
        return answerFor(name, (service) => {
          const view = ServiceKey.safeParse(service).success ? known(service) : null;
          return view ? { view, addresses: { by: 'endpoints' } } : view;
        });
      },
    },
    connected: () => {
      coming = new Map();
      sent = 0;
      upTo = 0;
      sayNow();
    },
    take: (news) => {
      const into = coming ?? book;
      const before = book;
      let touched: Set<string> = applyNews(into, news.changes);
      if (news.upTo !== null) {
        upTo = news.upTo;
        if (sending === undefined && upTo === sent) toldNamespaces = namespaces;
        if (coming) {
          // All was said: what is not in it is gone.
          book = coming;
          coming = undefined;
          touched = new Set([...touched, ...before.keys(), ...book.keys()]);
        }
      } else if (coming) return;
      // Followed no more is not the same as not there; whoever asks again is told again.
      for (const [key, view] of book) if (view === null && !asked.has(key)) book.delete(key);
      for (const look of waiting) look();
      onNews(touched);
    },
    followNamespaces: (some, hear) => {
      onNews = hear;
      const bounded = [...some].sort().slice(0, MOST_NAMESPACES_FOLLOWED);
      if (JSON.stringify(bounded) === JSON.stringify(namespaces)) return;
      namespaces = bounded;
      say();
    },
    views: () => new Map([...book].filter((entry): entry is [string, ServiceView] => entry[1] !== null)),
    view: (key) => book.get(key) ?? (toldNamespaces.includes(namespaceOf(key)) ? null : undefined),
    close: () => {
      clearInterval(forgetting);
      clearImmediate(sending);
      for (const look of waiting) look();
    },
  };
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
