/** One name server under one key: signed requests, checked answers, refusals in words. */
import { randomInt } from 'node:crypto';
import type { Rfc2136Credentials } from '@skein/contract/rest/account.ts';
import { boundedCall } from '../bounded-call.ts';
import { type DnsAccount, type DnsContext, DnsError } from '../provider.ts';
import { refusalIn } from './errors.ts';
import { exchange, type Server, serverName } from './exchange.ts';
import { answerCheck, signatureOf, signed, type TsigKey } from './tsig.ts';
import {
  isAuthoritative,
  type Message,
  OPCODE,
  rcodeOf,
  requestBytes,
  TYPE,
  type WireRecord,
} from './wire.ts';

const ANSWER_SECONDS = 15;
const TRANSFER_SECONDS = 120;
/** An update whose answer was lost may be sent again: what it demands to stand there does not any more. */
const TRIES = 3;
const MOST_RECORDS = 200_000;

export class NameServer {
  readonly name: string;
  readonly #server: Server;
  readonly #key: TsigKey;
  readonly #now: () => Date;

  constructor(account: Pick<DnsAccount<Rfc2136Credentials>, 'credentials' | 'endpoint'>, now: () => Date) {
    this.#now = now;
    const { server, port, keyName, algorithm, secret } = account.credentials;
    const at = account.endpoint === null ? null : new URL(account.endpoint);
    this.#server = at ? { host: at.hostname, port: Number(at.port) || 53 } : { host: server, port };
    this.#key = { name: keyName, algorithm, secret: Buffer.from(secret, 'base64') };
    this.name = serverName(this.#server);
  }

  /** The answer to a question about the zone. */
  query(what: string, zone: string, type: number, context: DnsContext): Promise<Message> {
    return this.#ask(what, zone, context, (id) =>
      requestBytes({ id, opcode: OPCODE.query, question: { name: zone, type } }),
    );
  }

  /** All of it happens, or nothing. @throws DnsError `conflict` where a prerequisite does not hold. */
  async update(
    what: string,
    zone: string,
    sections: { prerequisites: readonly WireRecord[]; updates: readonly WireRecord[] },
    context: DnsContext,
  ): Promise<void> {
    await this.#ask(what, zone, context, (id) =>
      requestBytes({
        id,
        opcode: OPCODE.update,
        question: { name: zone, type: TYPE.SOA },
        second: sections.prerequisites,
        third: sections.updates,
      }),
    );
  }

  /** Every record of the zone, with the message that each stands in, whose bytes its names may point to. */
  async transfer(zone: string, context: DnsContext): Promise<{ message: Message; record: WireRecord }[]> {
    const what = 'transferring the zone (AXFR)';
    return this.#bounded(context, async () => {
      const found: { message: Message; record: WireRecord }[] = [];
      let ends = 0;
      const request = (id: number) =>
        requestBytes({ id, opcode: OPCODE.query, question: { name: zone, type: TYPE.AXFR } });
      await this.#exchange(what, zone, request, TRANSFER_SECONDS, context, (message) => {
        for (const record of message.records.slice(0, message.answers)) {
          // A transfer starts and ends with the zone's SOA.
          if (record.type === TYPE.SOA) ends++;
          if (ends < 2) found.push({ message, record });
        }
        if (found.length > MOST_RECORDS)
          throw new DnsError('invalid', `Zone ${zone} has more records than Skein reads.`);
        if (ends === 0)
          throw new DnsError('unavailable', `Name server ${this.name}, ${what}: the transfer is empty.`);
        return ends > 1;
      });
      return found;
    });
  }

  async #ask(
    what: string,
    zone: string,
    context: DnsContext,
    request: (id: number) => Buffer,
  ): Promise<Message> {
    return this.#bounded(context, async () => {
      let answer: Message | undefined;
      await this.#exchange(what, zone, request, ANSWER_SECONDS, context, (message) => {
        answer = message;
        return true;
      });
      if (!answer) throw new DnsError('unavailable', `Name server ${this.name}, ${what}: no answer.`);
      return answer;
    });
  }

  #bounded<T>(context: DnsContext, call: () => Promise<T>): Promise<T> {
    const mapped = (error: unknown) => {
      if (error instanceof DnsError) return error;
      throw error;
    };
    return boundedCall(call, { signal: context.signal, tries: TRIES, mapped });
  }

  /** @param isLast says of each answer whether it was the last. */
  async #exchange(
    what: string,
    zone: string,
    request: (id: number) => Buffer,
    seconds: number,
    context: DnsContext,
    isLast: (message: Message) => boolean,
  ): Promise<void> {
    const { message, mac } = signed(request(randomInt(65_536)), this.#key, this.#now());
    if (message.length > 65_535)
      throw new DnsError('invalid', `${what}: the message is longer than DNS allows.`);
    const check = answerCheck(this.#key, mac);
    const { signal } = context;
    await exchange(
      this.#server,
      message,
      (answer) => {
        const now = this.#now();
        const at = { server: this.name, zone, keyName: this.#key.name };
        const refused = refusalIn(answer, what, at, now);
        // Who does not know the key cannot sign with it; some do not sign any refusal.
        if (refused && (signatureOf(answer)?.mac.length ?? 0) === 0) throw refused;
        if (refused?.code === 'unauthenticated') throw refused;
        const last = refused ? true : isLast(answer);
        check(answer, last, now);
        if (refused) throw refused;
        return last ? 'last' : 'more';
      },
      { seconds, signal },
    );
  }
}

/** Whether the answer says that this server itself holds the zone. */
export const holdsZone = (answer: Message, zone: string) =>
  rcodeOf(answer) === 0 &&
  isAuthoritative(answer) &&
  answer.records.slice(0, answer.answers).some((record) => record.type === TYPE.SOA && record.name === zone);
