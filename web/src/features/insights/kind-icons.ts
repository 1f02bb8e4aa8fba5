import { IconFunnel, IconGrowth, IconInsight, IconRetention, IconSticky } from '~/ui/icons'

export const kindIcons = { trend: IconInsight, funnel: IconFunnel, retention: IconRetention, growth: IconGrowth, stickiness: IconSticky }
