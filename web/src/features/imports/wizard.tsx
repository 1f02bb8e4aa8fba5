import { Skeleton, Stepper } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { lazy, Suspense, useState } from 'react'
import type { ImportKind, ImportOptions, Upload } from '~/api'
import { useWorkspace } from '~/app/session'
import { Card, Page } from '~/ui/page'
import { FileStep } from './file-step'

const MapStep = lazy(() => import('./map-step'))
const OptionsStep = lazy(() => import('./options-step'))
const CheckStep = lazy(() => import('./check-step'))

export type Plan = { upload: Upload; kind: ImportKind; map: Record<string, string>; options: ImportOptions }

/** Brings a CSV file in: file, columns, options, dry run, start. */
export default function WizardScreen() {
  const { t } = useLingui()
  const { time_zone, currency } = useWorkspace()
  const [step, setStep] = useState(0)
  const [plan, setPlan] = useState<Plan>()
  const uploaded = (upload: Upload) => {
    setPlan({ upload, kind: upload.suggested.kind, map: upload.suggested.map, options: { time_zone, currency, decimal_comma: false, ...upload.suggested.options } })
    setStep(1)
  }
  return (
    <Page title={t`Import a file`}>
      <Card>
        <Stepper active={step} onStepClick={setStep} allowNextStepsSelect={false} size="sm" mb="lg">
          <Stepper.Step label={t`File`} />
          <Stepper.Step label={t`Columns`} />
          <Stepper.Step label={t`Options`} />
          <Stepper.Step label={t`Dry run`} />
        </Stepper>
        {step === 0 && <FileStep done={uploaded} />}
        <Suspense fallback={<Skeleton height={300} />}>
        {step === 1 && plan && <MapStep plan={plan} setPlan={setPlan} next={() => setStep(2)} />}
        {step === 2 && plan && <OptionsStep plan={plan} setPlan={setPlan} back={() => setStep(1)} next={() => setStep(3)} />}
        {step === 3 && plan && <CheckStep plan={plan} back={() => setStep(2)} toColumns={() => setStep(1)} />}
        </Suspense>
      </Card>
    </Page>
  )
}
