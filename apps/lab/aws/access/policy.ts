/** IAM policies: what a JSON policy document allows. Pure. What this lab cannot judge is refused when it is set. */
import { z } from 'zod';

const OPERATORS = [
  'StringEquals',
  'StringNotEquals',
  'StringLike',
  'StringNotLike',
  'ArnLike',
  'ArnEquals',
] as const;
type Operator = (typeof OPERATORS)[number];

const Texts = z.union([z.string(), z.array(z.string())]).transform((each) => [each].flat());
const Condition = z.partialRecord(z.enum(OPERATORS), z.record(z.string(), Texts));

const Statement = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Action: Texts.optional(),
    NotAction: Texts.optional(),
    Resource: Texts,
    Condition: Condition.optional(),
  })
  .refine(
    (each) => (each.Action === undefined) !== (each.NotAction === undefined),
    'needs Action or NotAction',
  );

export const Policy = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.union([Statement, z.array(Statement)]).transform((each) => [each].flat()),
});
export type Policy = z.output<typeof Policy>;

/** May this be done to that? */
export interface Request {
  /** `ec2:CreateVpc` */
  action: string;
  /** An ARN, or `*` for actions that know no resources. */
  resource: string;
  /** Condition keys and their values, such as `aws:ResourceTag/skein-network`. */
  context: Readonly<Record<string, readonly string[]>>;
}

export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny';

/** What a policy says to a request. Without a statement that allows it, it is denied. */
export function judge(policy: Policy, request: Request): Decision {
  const holding = policy.Statement.filter((each) => holds(each, request));
  if (holding.some((each) => each.Effect === 'Deny')) return 'explicitDeny';
  return holding.length > 0 ? 'allowed' : 'implicitDeny';
}

function holds(statement: Policy['Statement'][number], { action, resource, context }: Request): boolean {
  const { Action, NotAction, Resource, Condition: conditions = {} } = statement;
  const named = (patterns: readonly string[]) =>
    patterns.some((each) => like(each.toLowerCase(), action.toLowerCase()));
  if (Action ? !named(Action) : named(NotAction ?? [])) return false;
  // What knows no resources is allowed by `*` alone.
  if (!Resource.some((each) => each === '*' || (resource !== '*' && like(each, resource)))) return false;
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys ?? {}).every(([key, wanted]) =>
      meets(operator as Operator, valuesOf(context, key), wanted),
    ),
  );
}

/** Condition keys are the same in letters of either case, but for the tag's own name. */
function valuesOf(context: Request['context'], key: string): readonly string[] | undefined {
  const [prefix, ...tag] = key.split('/');
  const same = (other: string) => {
    const [otherPrefix, ...otherTag] = other.split('/');
    return otherPrefix?.toLowerCase() === prefix?.toLowerCase() && otherTag.join('/') === tag.join('/');
  };
  return Object.entries(context).find(([each]) => same(each))?.[1];
}

function meets(
  operator: Operator,
  values: readonly string[] | undefined,
  wanted: readonly string[],
): boolean {
  const negated = operator.includes('Not');
  // A key that is not there meets no condition but one that it be something else.
  if (!values || values.length === 0) return negated;
  const one = (value: string) =>
    wanted.some((each) =>
      operator.endsWith('Equals') && !operator.startsWith('Arn') ? each === value : like(each, value),
    );
  return values.some(one) !== negated;
}

/** `*` stands for anything, `?` for one character. */
function like(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}
