"""What of a DICOM header may stay when identity is taken out, and how each value is cleaned.

The list names what pixels, geometry, the physics of the acquisition, derivation and validity need
(DICOM PS3.3 A.3, A.38, C.7.6, C.8.2, C.8.3, C.8.9, C.8.15); what it does not name goes. Numbers
stay numbers, and words stay where they are the standard's or a maker's own.
"""

import re
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np
from pydicom.datadict import dictionary_VM
from pydicom.tag import BaseTag
from pydicom.valuerep import DSfloat

from ctdenoise.scans import vocabulary
from ctdenoise.scans.dicom import OTHER_UNITS

Cleaner = Callable[[list[Any]], list[Any]]
"""An element's values to those that may stay; none, and the element goes."""


def _numbers(values: list[Any]) -> list[Any]:
    return values if all(_is_number(v) and isfinite(v) for v in values) else []


def _padding(values: list[Any]) -> list[Any]:
    return values if all(_is_number(v) and _may_pad(abs(v)) for v in values) else []


def _may_pad(size: float) -> bool:
    """Whether people mark pixels without a value so: by what is not a number, by one in the reach
    of CT numbers, by the end of a number format, or by one digit, like 1e30 and 999999."""
    if not isfinite(size) or size <= 100_000 or size in _ENDS:
        return True
    text = f"{size:.7g}"
    digits = text.partition("e")[0].replace(".", "").rstrip("0")
    return len(set(digits)) == 1 and size in (float(text), float(np.float32(text)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(limit: float) -> Cleaner:
    """What others compute with, as it stands: no larger than such a quantity can be."""
    return lambda values: values if all(_is_number(v) and abs(v) <= limit for v in values) else []


def _at_most(limit: float) -> Cleaner:
    """Physical quantities: no larger than such a quantity can be, to five significant digits."""
    clean = _within(limit)
    return lambda values: [_rounded(v) for v in clean(values)]


def _rounded(value: float) -> float:
    short = f"{value:.5g}"
    if isinstance(value, int):
        return int(float(short))
    return DSfloat(short) if isinstance(value, DSfloat) else float(short)


def _terms(terms: str) -> Cleaner:
    """Those of the values that are among these terms."""
    known = frozenset(terms.split())
    return lambda values: [v for v in _strings(values) if v in known]


def _words(words: str) -> Cleaner:
    """Those of the values that are made of these words, and of one number below a hundred."""
    known = frozenset(words.split())

    def is_known(value: str) -> bool:
        parts = re.findall(r"[^\s_/-]+", value.upper())
        others = [part for part in parts if part not in known]
        return 0 < len(parts) <= 6 and (
            not others or bool(re.fullmatch(r"\d\d?", " ".join(others)))
        )

    return lambda values: [v for v in _strings(values) if is_known(v)]


def _strings(values: list[Any]) -> list[str]:
    return [str(value).strip() for value in values]


def _always(value: str) -> Cleaner:
    return lambda values: [value]


def _text(clean: Callable[[str], str]) -> Cleaner:
    return lambda values: [v for v in map(clean, _strings(values)) if v] or [_UNKNOWN]


def _image_type(values: list[Any]) -> list[Any]:
    """Its third value keeps its place (C.8.2.1.1.1)."""
    known = [v if _IMAGE_WORDS([v]) else "" for v in _strings(values)]
    heads = [("ORIGINAL", "DERIVED", "MIXED"), ("PRIMARY", "SECONDARY")]
    for n, terms in enumerate(heads[: len(known)]):
        known[n] = known[n] if known[n] in terms else terms[-1] if n else "DERIVED"
    return known[:2] + [v or "OTHER" for v in known[2:3]] + [v for v in known[3:] if v]


def _unit(values: list[Any]) -> list[Any]:
    """Units that the standard defines (C.11.1.1.2) or that are HU in other words; another unit
    stays another unit, and a word that says none says so."""
    known = _UNITS.split("|")
    return [
        v if v.upper() in known else "OTHER" if OTHER_UNITS.search(v.upper()) else "US"
        for v in _strings(values)
    ]


def _tags(values: list[Any]) -> list[Any]:
    from pydicom.datadict import dictionary_has_tag

    return values if all(isinstance(v, BaseTag) and dictionary_has_tag(v) for v in values) else []


_ENDS = frozenset(
    float(end)
    for n in (31, 32, 63, 64)
    for end in (2**n, 2**n - 1, np.finfo(np.float32).max, np.finfo(np.float64).max)
)
"""Of the ranges of whole and of floating numbers."""
_UNITS = (
    "HU|US|OD|HU_MOD|MGML|Z_EFF|ED|EDW|PCT|UNSPECIFIED|H.U.|HOUNSFIELD|HOUNSFIELD UNIT"
    "|HOUNSFIELD UNITS"
)
_IMAGE_WORDS = _words(
    """ORIGINAL DERIVED MIXED PRIMARY SECONDARY AXIAL LOCALIZER SCOUT TOPOGRAM OTHER CT SOM4 SOM5
    SOM6 SOM7 SOM8 SOMX SPI SEQ TOP STD DUAL HELIX HELICAL VOLUME NONE CINE MPR MIP MINIP AVERAGE
    MEAN MAX MIN MAXIMUM MINIMUM RESAMPLED FILTERED QUANTITY ADDITION SUBTRACTION MASKED DIVISION
    MULTIPLICATION REFORMATTED OBLIQUE CORONAL SAGITTAL CURVED CPR VRT 3D 2D PROJECTION IMAGE
    PERFUSION MTT TTP RCBF RCBV CBF CBV TMAX PS DE VMI MONO E MONOENERGETIC KEV VNC VIRTUAL NON
    RHO ELEC DENS FRACTION CONTRAST IODINE WATER CALCIUM FAT URIC ACID EFF Z ELECTRON DENSITY
    DET NO SUPP     ATOMIC NUMBER MAP MATERIAL
    LOW HIGH ENERGY BASE BASIS EFFECTIVE MONO1 MONO2 SPECTRAL SPP PCT U V A B M ND NORM SE GR FFE
    SH DIS2D DIS3D FM MFSPLIT P R I ADC TRACEW T1 T2 FLAIR DIFFUSION ANGIO REST STRESS GATED
    CARDIAC STATIC DYNAMIC WHOLE BODY EMISSION TRANSMISSION TOMO RECON RECONSTRUCTION SINGLE PLANE
    BIPLANE ENHANCED SUPER RESOLUTION DENOISED LATE ARTERIAL VENOUS FLUOROSCOPY BOLUS MONITORING
    REFERENCE ATTENUATION CORRECTION CBCT CONE BEAM SMALL PARTS SECONDARYCAPTURE SCREEN SAVE
    SCREENSAVE CAPTURE DOSE INFO CSA CSAPARALLEL PARALLEL AIDR ITERATIVE ASIR FBP VIEW RT"""
)

_PIXELS = """SamplesPerPixel PlanarConfiguration Rows Columns BitsAllocated BitsStored HighBit
PixelRepresentation NumberOfFrames PixelPaddingValue PixelPaddingRangeLimit
SmallestImagePixelValue LargestImagePixelValue SmallestPixelValueInSeries LargestPixelValueInSeries
RescaleSlope RescaleIntercept LUTDescriptor PixelSpacing ImagePositionPatient
ImageOrientationPatient"""

_DISTANCES = """ImagerPixelSpacing NominalScannedPixelSpacing SliceThickness SpacingBetweenSlices"""

_COUNTS = """InstanceNumber SeriesNumber AcquisitionNumber TemporalPositionIdentifier
NumberOfTemporalPositions TemporalPositionIndex ImagesInAcquisition ReferencedFrameNumber
DimensionIndexValues InStackPositionNumber FrameAcquisitionNumber InConcatenationNumber
InConcatenationTotalNumber ConcatenationFrameOffsetNumber ReferencedPathIndex
ReferencedXRaySourceIndex NumberOfSlices NumberOfTimeSlices NumberOfTimeSlots NumberOfRRIntervals
ImageIndex EchoNumbers EchoTrainLength NumberOfPhaseEncodingSteps AcquisitionMatrix FocalSpots
PixelIntensityRelationshipSign ContrastBolusAgentNumber"""

_LENGTHS = """DataCollectionDiameter ReconstructionDiameter DistanceSourceToDetector
DistanceSourceToPatient DistanceSourceToDataCollectionCenter TableHeight TableTraverse TableMotion
TablePosition SliceLocation SingleCollimationWidth TotalCollimationWidth TableSpeed
TableFeedPerRotation DataCollectionCenterPatient ReconstructionTargetCenterPatient
ReconstructionFieldOfView ReconstructionPixelSpacing WaterEquivalentDiameter SpatialResolution
DetectorElementSpacing IsocenterPosition"""

_SMALL = """SpiralPitchFactor RevolutionTime ReconstructionAngle TubeAngle CTDIvol GeneratorPower
EnergyWeightingFactor EstimatedDoseSaving MonoenergeticEnergyEquivalent LossyImageCompressionRatio
NominalPercentageOfCardiacPhase NominalPercentageOfRespiratoryPhase MagneticFieldStrength FlipAngle
NumberOfAverages PercentSampling PercentPhaseFieldOfView ImagingFrequency SliceSensitivityFactor
DecayFactor ScatterFractionFactor DeadTimeFactor RadionuclidePositronFraction EnergyWindowLowerLimit
EnergyWindowUpperLimit PositionerPrimaryAngle PositionerSecondaryAngle
EstimatedRadiographicMagnificationFactor"""

_TIMES = """ExposureTime ExposureTimeInms FrameAcquisitionDuration AcquisitionDuration
TemporalPositionTimeOffset NominalCardiacTriggerDelayTime ActualCardiacTriggerDelayTime
NominalRespiratoryTriggerDelayTime ActualRespiratoryTriggerDelayTime TriggerTime RepetitionTime
EchoTime InversionTime FrameTime PixelBandwidth"""

_LARGE = """ExposureInuAs ExposureTimeInuS XRayTubeCurrentInuA FrameReferenceTime
ActualFrameDuration RadionuclideHalfLife RadionuclideTotalDose DoseCalibrationFactor"""

_UIDS = """SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID
ReferencedSOPClassUID ReferencedSOPInstanceUID DimensionOrganizationUID IrradiationEventUID
ConcatenationUID SOPInstanceUIDOfConcatenationSource AcquisitionUID"""

_SEQUENCES = """SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
DimensionOrganizationSequence DimensionIndexSequence CTAcquisitionTypeSequence
CTAcquisitionDetailsSequence CTTableDynamicsSequence CTPositionSequence CTGeometrySequence
CTReconstructionSequence CTExposureSequence CTXRayDetailsSequence CTImageFrameTypeSequence
CTAdditionalXRaySourceSequence MultienergyCTCharacteristicsSequence FrameContentSequence
FrameAnatomySequence FrameVOILUTSequence PixelMeasuresSequence PlanePositionSequence
PlaneOrientationSequence PixelValueTransformationSequence TemporalPositionSequence
CardiacSynchronizationSequence RespiratorySynchronizationSequence
IrradiationEventIdentificationSequence DerivationImageSequence ReferencedImageEvidenceSequence
SourceImageEvidenceSequence ReferencedSeriesSequence ReferencedSOPSequence SourceImageSequence
ReferencedImageSequence ModalityLUTSequence VOILUTSequence
RadiopharmaceuticalInformationSequence EnergyWindowRangeSequence
MRImageFrameTypeSequence MRTimingAndRelatedParametersSequence MREchoSequence"""

_CODES = """AnatomicRegionSequence PrimaryAnatomicStructureSequence ViewCodeSequence
PurposeOfReferenceCodeSequence DerivationCodeSequence CTDIPhantomTypeCodeSequence
RadionuclideCodeSequence PatientOrientationCodeSequence
PatientGantryRelationshipCodeSequence WaterEquivalentDiameterCalculationMethodCodeSequence"""

_EMPTIED = """PatientBirthDate PatientSex ReferringPhysicianName StudyID AccessionNumber
PositionReferenceIndicator ContrastBolusAgent AcquisitionContextSequence CollimatorType"""

_BODY_PARTS = """ABDOMEN ABDOMENPELVIS ADRENAL ANKLE AORTA ARM AXILLA BACK BLADDER BODY BRAIN BREAST
CALF CAP CARDIAC CAROTID CEREBELLUM CERVIX CHEST CHESTABDOMEN CHESTABDPELVIS CIRCLEOFWILLIS CLAVICLE
COCCYX COLON CORONARYARTERY CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE FACE FEMUR
FINGER FOOT GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS IAC JAW KIDNEY KNEE LARYNX LEG LIVER
LOWER LSPINE LSSPINE LUNG MAXILLA MEDIASTINUM NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE
ORBIT PANCREAS PARTIALBODY PELVIS PHANTOM PROSTATE RECTUM SHOULDER SINUS SKULL SPINE SPLEEN SSPINE
STERNUM STOMACH THIGH THORAX THYROID TIBIA TLSPINE TOE TONGUE TRACHEA TSPINE UPPER URETER UTERUS
WHOLE WHOLEBODY WRIST TO AND"""

_UNKNOWN = "UNKNOWN"

_LIST: tuple[tuple[Cleaner, str], ...] = (
    (_numbers, _PIXELS),
    (_within(1000), _DISTANCES),
    (_within(360), "GantryDetectorTilt"),
    (_within(10_000), "PixelAspectRatio"),
    (_within(100_000), "WindowCenter WindowWidth"),
    (_padding, """FloatPixelPaddingValue FloatPixelPaddingRangeLimit DoubleFloatPixelPaddingValue
        DoubleFloatPixelPaddingRangeLimit"""),
    (_at_most(99_999), _COUNTS),
    (_at_most(10_000), _LENGTHS),
    (_at_most(1000), _SMALL),
    (_at_most(100_000), _TIMES),
    (_at_most(1e12), _LARGE),
    (_at_most(2000), "KVP XRayTubeCurrent XRayTubeCurrentInmA"),
    (_at_most(20_000), "Exposure ExposureInmAs"),
    (_always("19000101"), "StudyDate SeriesDate AcquisitionDate ContentDate"),
    (_always("000000"), "StudyTime SeriesTime AcquisitionTime ContentTime"),
    (_always("19000101000000"), """AcquisitionDateTime FrameAcquisitionDateTime
        FrameReferenceDateTime"""),
    (_always(_UNKNOWN), "DeviceSerialNumber SoftwareVersions"),
    (_text(vocabulary.maker), "Manufacturer"),
    (_text(vocabulary.model), "ManufacturerModelName"),
    (_text(vocabulary.kernel), "ConvolutionKernel"),
    (_tags, "FrameIncrementPointer DimensionIndexPointer FunctionalGroupPointer"),
    (_image_type, "ImageType FrameType"),
    (_terms("YES NO"), """QualityControlImage BurnedInAnnotation RecognizableVisualFeatures
        ConstantVolumeFlag FluoroscopyFlag MultienergyCTAcquisition ContrastBolusAgentAdministered
        ContrastBolusAgentDetected"""),
    (_terms("Y N"), "VariableFlipAngleFlag AngioFlag"),
    (_terms("L R U B"), "Laterality ImageLaterality FrameLaterality"),
    (_terms(" ".join(map(str, range(1, 100)))), "StackID"),
    (_terms("CT MR PT NM CR DX RG MG XA RF IO PX OT"), "Modality"),
    (_terms("MONOCHROME1 MONOCHROME2 RGB"), "PhotometricInterpretation"),
    (_terms("""HFS HFP HFDR HFDL FFS FFP FFDR FFDL LFP LFS RFP RFS AFDR AFDL PFDR PFDL"""),
        "PatientPosition"),
    (_terms("""L R A P H F LA LP RA RP LH LF RH RF AH AF PH PF AL AR PL PR HL HR HA HP FL FR FA
        FP"""), "PatientOrientation"),
    (_words(_BODY_PARTS), "BodyPartExamined"),
    (_terms("IDENTITY INVERSE"), "PresentationLUTShape"),
    (_words("FOR PRESENTATION PROCESSING"), "PresentationIntentType"),
    (_terms("LIN LOG DISP OTHER"), "PixelIntensityRelationship"),
    (_terms("AP PA LL RL RLD LLD RLO LLO CC MLO ML LM"), "ViewPosition"),
    (_unit, "RescaleType ModalityLUTType"),
    (_terms("LINEAR LINEAR_EXACT SIGMOID"), "VOILUTFunction"),
    (_terms("00 01"), "LossyImageCompression"),
    (_terms("""ISO_10918_1 ISO_14495_1 ISO_15444_1 ISO_15444_15 ISO_13818_2 ISO_14496_10"""),
        "LossyImageCompressionMethod"),
    (_always("MONOCHROME"), "PixelPresentation"),
    (_terms("VOLUME SAMPLED DISTORTED MIXED"), "VolumetricProperties"),
    (_terms("MAX_IP MIN_IP VOLUME_RENDER SURFACE_RENDER MPR CURVED_MPR NONE MIXED"),
        "VolumeBasedCalculationTechnique"),
    (_terms("PRODUCT RESEARCH SERVICE"), "ContentQualification"),
    (_terms("3D 3D_TEMPORAL TILED_FULL TILED_SPARSE"), "DimensionOrganizationType"),
    (_words("""HELICAL AXIAL CINE SCOUT MODE CT SPIRAL SEQUENCE SEQUENTIAL NORMAL VOLUME STATIC
        DYNAMIC CARDIAC GATED TILTED NONE FAST HI RES PER PPG RG CG PPF FC SP FS SAT1 SAT2 PFP PFF
        TRSS SHUTTLE SURVEY STANDARD DUAL ENERGY"""), "ScanOptions"),
    (_terms("SEQUENCED SPIRAL CONSTANT_ANGLE STATIONARY FREE CONE_BEAM"), "AcquisitionType"),
    (_terms("CW CC"), "RotationDirection"),
    (_words("NONE ANGULAR LONGITUDINAL XY Z XYZ EC ECG ON OFF AUTO"), "ExposureModulationType"),
    (_words("""STRIP WEDGE BUTTERFLY MULTIPLE FLAT SHAPED NONE BODY HEAD FILTER FIL BOWTIE SMALL
        MEDIUM LARGE STANDARD CARDIAC"""), "FilterType"),
    (_words("""MOLYBDENUM ALUMINUM COPPER RHODIUM NIOBIUM EUROPIUM LEAD TIN TITANIUM TEFLON MIXED
        NONE SILVER GOLD"""), "FilterMaterial"),
    (_terms("BRAIN SOFT_TISSUE LUNG BONE CONSTANT_ANGLE"), "ConvolutionKernelGroup"),
    (_terms("FILTER_BACK_PROJ ITERATIVE"), "ReconstructionAlgorithm"),
    (_words("IODINE GADOLINIUM CARBON DIOXIDE BARIUM XENON"), "ContrastBolusIngredient"),
    (_terms("END_SYSTOLE END_DIASTOLE UNDETERMINED"), "CardiacCyclePosition"),
    (_terms("START_RESPIR END_RESPIR UNDETERMINED"), "RespiratoryCyclePosition"),
    (_terms("SE IR GR EP RM"), "ScanningSequence"),
    (_terms("SK MTC SS TRSS SP MP OSP TOF NONE"), "SequenceVariant"),
    (_terms("2D 3D"), "MRAcquisitionType"),
    (_terms("1H 3HE 7LI 13C 19F 23NA 31P 129XE"), "ImagedNucleus"),
    (_terms("ROW COL COLUMN OTHER"), "InPlanePhaseEncodingDirection"),
    (_words("STATIC DYNAMIC GATED WHOLE BODY IMAGE REPROJECTION"), "SeriesType"),
    (_terms("CNTS NONE CM2 PCNT CPS BQML MGMINML UMOLMINML MLMING MLG GML"), "Units"),
    (_terms("EMISSION TRANSMISSION"), "CountsSource"),
    (_terms("NONE START ADMIN"), "DecayCorrection"),
    (_terms("DECY ATTN SCAT DTIM MOTN PMOT CLN RAN RADL DCAL NORM"), "CorrectedImage"),
    (_terms("GEOMETRY FIDUCIAL"), "PixelSpacingCalibrationType"),
)  # fmt: skip

KEPT = {keyword: clean for clean, keywords in _LIST for keyword in keywords.split()}
"""By keyword, how an element's values are cleaned."""
SEQUENCES = frozenset(_SEQUENCES.split())
"""Sequences whose items stay, cleaned by the same list."""
CODES = frozenset(_CODES.split())
"""Sequences of codes, of which those that the standard knows stay, in its own words."""
UIDS = frozenset(_UIDS.split())
"""The standard's own stay, others are replaced."""
EMPTIED = frozenset(_EMPTIED.split())
"""What the standard asks for, if only to say that it is not known (type 2)."""


def cleaned(tag: BaseTag, keyword: str, values: Sequence[Any]) -> list[Any]:
    """Those values of an element of the list that may stay; none, and it goes."""
    allowed = dictionary_VM(tag)
    if allowed.isdigit() and len(values) > int(allowed):
        return []
    return KEPT[keyword](list(values))
