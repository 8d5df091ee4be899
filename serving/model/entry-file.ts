import { fileURLToPath } from 'node:url';

/**
 * The path of a module that is started as a process of its own, named as in the sources (`main.ts`) relative to `base`, an
 * `import.meta.url`. In the package the same modules are JavaScript, since Node strips no types under node_modules.
 */
export function entryFile(name: string, base: string): string {
  return fileURLToPath(new URL(base.endsWith('.js') ? name.replace(/\.ts$/, '.js') : name, base));
}
