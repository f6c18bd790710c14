/** Parameters of the query protocols: flat names such as `Filter.1.Value.2`, read as lists and structures. */
import { AwsError } from './error.ts';

export class Params {
  readonly #values: ReadonlyMap<string, string>;
  readonly #prefix: string;
  readonly #read: Set<string>;

  constructor(values: ReadonlyMap<string, string>, prefix = '', read = new Set<string>()) {
    this.#values = values;
    this.#prefix = prefix;
    this.#read = read;
  }

  static parse(body: string): Params {
    return new Params(new Map(new URLSearchParams(body)));
  }

  text(name: string): string | undefined {
    const full = this.#prefix + name;
    this.#read.add(full);
    return this.#values.get(full);
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '')
      throw new AwsError('MissingParameter', `The request must contain the parameter ${this.#prefix}${name}`);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,9}$/.test(value))
      throw new AwsError('InvalidParameterValue', `Value (${value}) for parameter ${name} is invalid.`);
    return Number(value);
  }

  bool(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false')
      throw new AwsError('InvalidParameterValue', `Value (${value}) for parameter ${name} is invalid.`);
    return value === 'true';
  }

  /** `Name.1`, `Name.2`, …, in their order. */
  list(name: string): string[] {
    return this.#indexes(name).map((index) => this.text(`${name}.${index}`) ?? '');
  }

  /** `Name.1.Field`, `Name.2.Field`, …, each as its own parameters. */
  structs(name: string): Params[] {
    return this.#indexes(name).map((index) => this.struct(`${name}.${index}`));
  }

  /** `Name.Field`. */
  struct(name: string): Params {
    return new Params(this.#values, `${this.#prefix}${name}.`, this.#read);
  }

  has(name: string): boolean {
    const full = this.#prefix + name;
    for (const key of this.#values.keys()) if (key === full || key.startsWith(`${full}.`)) return true;
    return false;
  }

  /** Names nobody asked for: what this lab would otherwise silently ignore. */
  unread(): string[] {
    return [...this.#values.keys()].filter((name) => !this.#read.has(name));
  }

  /** All names and values but those named: what tells two requests apart. */
  fingerprint(except: readonly string[]): string {
    return JSON.stringify([...this.#values].filter(([name]) => !except.includes(name)).sort());
  }

  #indexes(name: string): number[] {
    const start = `${this.#prefix}${name}.`;
    const found = new Set<number>();
    for (const key of this.#values.keys()) {
      const index = key.startsWith(start) ? key.slice(start.length).match(/^\d+/)?.[0] : undefined;
      if (index) found.add(Number(index));
    }
    return [...found].sort((a, b) => a - b);
  }
}
