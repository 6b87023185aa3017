import { throwMistakes } from '../linux-ha/lines.ts';
import type { YamlFile } from '../linux-ha/yaml-document.ts';
import { inventoryJsonSchema, inventorySchema } from './schema.ts';
import { addZodMistakes } from './zod-mistakes.ts';

/** Throws a `Problem` with every place where an inventory of Muster's own format breaks its schema. */
export function checkNative(yaml: YamlFile): void {
  const { error } = inventorySchema.safeParse(yaml.data);
  if (error === undefined) return;
  addZodMistakes(yaml, inventoryJsonSchema(), error);
  throwMistakes(yaml.list);
}
