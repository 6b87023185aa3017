import { Command } from 'commander';
import { Problem } from '../base/problem.ts';

const scripts: Record<string, string> = {
  bash: `_muster() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(muster __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _muster muster
`,
  zsh: `#compdef muster
_muster() { compadd -- \${(f)"$(muster __complete "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)"} || _files }
compdef _muster muster
`,
  fish: `complete -c muster -f -a '(muster __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

export function completionCommand(): Command {
  return new Command('completion')
    .description('print the completion script of a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      '\nExamples:\n  muster completion bash > /etc/bash_completion.d/muster\n  source <(muster completion bash)',
    )
    .action((shell: string) => {
      const script = scripts[shell];
      if (script === undefined) {
        throw new Problem('usage', `Cannot print completion for "${shell}" as it must be one of bash, zsh, fish`);
      }
      process.stdout.write(script);
    });
}
