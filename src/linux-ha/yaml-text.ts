/** A text as a YAML scalar: quoted unless it can be nothing but a word. */
export function yamlText(text: string): string {
  const word = /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text);
  return word ? text : JSON.stringify(text);
}
