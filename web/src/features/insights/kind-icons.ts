import { IconAttribution, IconComposition, IconFunnel, IconGrowth, IconInsight, IconJourney, IconPaths, IconRetention, IconSticky, IconTable } from '~/ui/icons'

export const kindIcons = { trend: IconInsight, funnel: IconFunnel, retention: IconRetention, growth: IconGrowth, stickiness: IconSticky, paths: IconPaths, composition: IconComposition, table: IconTable, attribution: IconAttribution, journey: IconJourney }
