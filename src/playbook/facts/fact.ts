/**
 * One kind of fact: shell text that finds it out for *many* keys in as few processes as possible, and the reading of
 * what that text prints.
 */
export interface FactKind<T> {
  readonly name: string;
  /** True where it may change without us (a service's health): asked anew in every play. */
  readonly volatile?: boolean;
  /** True where finding it out takes so long that only a task that is sure to need it asks. */
  readonly costly?: boolean;
  /** Shell text; it must always end, and should not fail where a key is absent. */
  readonly script: (keys: readonly string[]) => string;
  readonly parse: (output: Buffer, keys: readonly string[]) => ReadonlyMap<string, T>;
}

export interface FactRequest {
  readonly kind: FactKind<unknown>;
  readonly key: string;
}

/** Ask for a fact. */
export function fact<T>(kind: FactKind<T>, key: string): FactRequest {
  return { kind: kind as FactKind<unknown>, key };
}

/** `file:/etc/motd`: what `touches` of a decision names. */
export function factId(request: FactRequest): string {
  return `${request.kind.name}:${request.key}`;
}

/** The answers. Throws where a fact was not asked for: a defect of the module. */
export interface FactReader {
  get<T>(kind: FactKind<T>, key: string): T;
}

/** Parses for kinds whose whole output is about one key. */
export function single<T>(parse: (output: Buffer, key: string) => T): FactKind<T>['parse'] {
  return (output, keys) => new Map(keys.map((key) => [key, parse(output, key)]));
}
