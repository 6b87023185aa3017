import { parseDuration } from '../base/duration.ts';
import { canonicalIp } from '../base/ip.ts';
import { type Path, unknownKey, type YamlFile } from './yaml-document.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Reads typed values out of the plain data of a YAML file, and gathers what does not fit. */
export class YamlReader {
  readonly #yaml: YamlFile;

  constructor(yaml: YamlFile) {
    this.#yaml = yaml;
  }

  wrong(path: Path, wanted: string, seen: unknown): undefined {
    const name = path.length === 0 ? 'muster.yml' : path.at(-1);
    this.#yaml.list.add(
      this.#yaml.at(path),
      `Cannot read "${name}" as ${wanted}: ${JSON.stringify(seen) ?? 'nothing'}`,
    );
    return undefined;
  }

  /** The map at a path; `known` lists its keys, undefined lets every name in. */
  map(value: unknown, path: Path, known: readonly string[] | undefined): Fields {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value))
      return this.wrong(path, 'a map of names to values', value) ?? {};
    for (const key of Object.keys(value))
      if (known !== undefined && !known.includes(key)) unknownKey(this.#yaml, path, key, known);
    return value as Fields;
  }

  list(value: unknown, path: Path): readonly unknown[] {
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? value : (this.wrong(path, 'a list', value) ?? []);
  }

  duration(value: unknown, path: Path): number | undefined {
    if (value === undefined) return undefined;
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    return ms !== undefined && ms > 0 ? ms : this.wrong(path, 'a duration with its unit, like 200ms', value);
  }

  number(value: unknown, path: Path, low: number, high: number, whole: boolean): number | undefined {
    if (value === undefined) return undefined;
    const fits = typeof value === 'number' && value >= low && value <= high && (!whole || Number.isInteger(value));
    return fits ? (value as number) : this.wrong(path, `a number from ${low} to ${high}`, value);
  }

  address(value: unknown, path: Path): string | undefined {
    return (typeof value === 'string' ? canonicalIp(value) : undefined) ?? this.wrong(path, 'an address', value);
  }

  text(value: unknown, path: Path): string | undefined {
    return typeof value === 'string' && value !== '' ? value : this.wrong(path, 'a text', value);
  }
}
