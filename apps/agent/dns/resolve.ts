/** One question from bytes to bytes: decides, asks on where needed, answers in bounded time. */

import type { Ask, Transport } from './ask.ts';
import type { AnswerCache } from './cache.ts';
import { type Clusterset, clustersetBody } from './clusterset.ts';
import { askerOf, decide, type Names } from './decide.ts';
import { type Body, ownBody, parseQuery, parseReply, type ReplyCode, renderReply } from './reply.ts';

export interface Resolution {
  names: Names;
  /** The resolvers the node had before, in their order. */
  upstreams: readonly string[];
  cache: AnswerCache;
  ask: Ask;
  now: () => number;
  clusterset: Clusterset;
}

const DELEGATE_LIMIT_MILLISECONDS = 1000;
const UPSTREAM_LIMIT_MILLISECONDS = 2000;
const MOST_SERVERS = 3;

/** The reply to a query from `source`, or undefined where the bytes deserve none. */
export async function resolve(
  { names, upstreams, cache, ask, now, clusterset }: Resolution,
  bytes: Buffer,
  source: string,
  transport: Transport,
): Promise<Buffer | undefined> {
  const query = parseQuery(bytes);
  const question = query?.questions?.[0];
  if (!query || !question) return undefined;
  const reply = (body: Body, authoritative = false) => renderReply(query, body, { authoritative, transport });
  const bare = (code: ReplyCode): Buffer => reply({ code, answers: [], authorities: [] });
  const decision = decide(names, question, askerOf(names, source));

  if (decision.kind === 'refuse') return bare('REFUSED');
  if (decision.kind === 'clusterset') return reply(await clustersetBody(clusterset, question), true);
  if (decision.kind === 'answer')
    return reply(ownBody(names.zone, question.name, decision.code, decision.addresses), true);
  if (decision.kind === 'upstream') {
    for (const server of upstreams.slice(0, MOST_SERVERS)) {
      const answer = await ask(server, bytes, transport, UPSTREAM_LIMIT_MILLISECONDS);
      if (answer) return answer;
    }
    return bare('SERVFAIL');
  }

  const held = cache.get(question.name, question.type, now());
  if (held?.fresh) return reply(held.body);
  for (const server of decision.servers.slice(0, MOST_SERVERS)) {
    const answer = await ask(server, bytes, transport, DELEGATE_LIMIT_MILLISECONDS);
    const parsed = answer && parseReply(answer);
    if (!answer || !parsed) continue;
    if (parsed.truncated) return answer;
    // A server that failed or refuses knows less than the next, or than we did a moment ago.
    if (parsed.code !== 'NOERROR' && parsed.code !== 'NXDOMAIN') continue;
    const answers = names.sixElsewhere
      ? parsed.answers
      : parsed.answers.filter(({ type }) => type !== 'AAAA');
    const body: Body = { code: parsed.code, answers, authorities: parsed.authorities };
    // Rendered first: what cannot be is not kept to fail again.
    const rendered = reply(body);
    cache.put(question.name, question.type, body, now());
    return rendered;
  }
  return held ? reply(held.body) : bare('SERVFAIL');
}
