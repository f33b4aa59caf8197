import 'postgraphile';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { CatalogPlugin } from './catalog_plugin.ts';
import { CodecsPlugin } from './codecs.ts';
import { NamingPlugin } from './naming.ts';

export const chimePreset: GraphileConfig.Preset = { plugins: [CatalogPlugin, CodecsPlugin, NamingPlugin], gather: { pgStrictFunctions: true } };
export const serverPreset: GraphileConfig.Preset = { extends: [PostGraphileAmberPreset, chimePreset], disablePlugins: ['NodePlugin', 'QueryQueryPlugin'] };
