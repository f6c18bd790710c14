/** The request log: what was asked of the lab's clouds and how it was answered. The newest ones only. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LoggedRequest {
  /** Counts from 1 and never repeats. */
  number: number;
  at: string;
  cloud: 'aws' | 'gcp' | 'azure';
  /** `ec2`, `route53`, `compute`, `dns`, … */
  service: string;
  /** `RunInstances`, `firewalls.insert`, … */
  action: string;
  /** Region, zone or `global`. */
  region: string;
  /** AWS account id or GCP project; null when it could not be told. */
  account: string | null;
  /** 0 when the connection ended before the call was executed. */
  status: number;
  /** The cloud's own error code; null when it went well. */
  error: string | null;
  /** Whether the action is one that changes things. */
  mutating: boolean;
  /** Further permissions that the call needed on other resources, where the cloud asks for such. */
  linked?: readonly string[];
  /** Who asked: an ARN or an e-mail address; null when it could not be told or nobody noted it. */
  user: string | null;
  /** Ids of what was asked about or made, of calls that changed something. */
  resources: string[];
  /** The faults that bit, such as `throttle` or `delay+lose-answer`; null when none did. */
  fault: string | null;
}

/** What not every front end notes. */
type Noted = 'user' | 'resources' | 'fault';

export interface RequestLog {
  record(request: Omit<LoggedRequest, 'number' | 'at' | Noted> & Partial<Pick<LoggedRequest, Noted>>): void;
  /** Those after `after`, oldest first. */
  list(after?: number): readonly LoggedRequest[];
}

/** Keeps between `bound` and twice as many requests, in memory and in `requests.ndjson` of the directory. */
export function openRequestLog(directory: string, now: () => Date, bound = 5000): RequestLog {
  const file = join(directory, 'requests.ndjson');
  let kept = load(file);
  let number = kept.at(-1)?.number ?? 0;
  return {
    record(request) {
      number += 1;
      const entry: LoggedRequest = {
        number,
        at: now().toISOString(),
        user: null,
        resources: [],
        fault: null,
        ...request,
      };
      kept.push(entry);
      if (kept.length < bound * 2) {
        appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
        return;
      }
      kept = kept.slice(-bound);
      writeFileSync(`${file}.new`, kept.map((each) => `${JSON.stringify(each)}\n`).join(''), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    list: (after = 0) => kept.filter((each) => each.number > after),
  };
}

function load(file: string): LoggedRequest[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  // A kill while appending leaves half a last line and no newline; that request is lost, the file is mended.
  const lines = text.split('\n');
  if (lines.pop() !== '') writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  // Lines of an earlier lab may lack what later ones note.
  return lines.map(
    (line) => ({ user: null, resources: [], fault: null, ...JSON.parse(line) }) as LoggedRequest,
  );
}
