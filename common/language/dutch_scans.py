"""Dutch for scans and pictures: DICOM, NIfTI, MetaImage, PNG and JPEG."""

from __future__ import annotations

DUTCH: dict[str, str] = {
    # A study
    "bring a part of it, or a coarser scan": "breng een deel ervan, of een grovere scan",
    "bring a single picture or a volume": "breng één beeld of een volume",
    "bring the files with the pictures": "breng de bestanden met de beelden",
    "choose from 1 to {}": "kies van 1 tot en met {}",
    "copies of the same file were left out: {}": "kopieën van hetzelfde bestand zijn weggelaten: {}",
    "export it anew from the scanner or the archive": (
        "exporteer het opnieuw vanaf de scanner of uit het PACS"
    ),
    "export the whole series anew": "exporteer de hele serie opnieuw",
    "it holds no scan but {}": "het bevat geen scan maar {}",
    "it is a film of {} pictures without a place in space": (
        "het is een film van {} beelden zonder ligging in de ruimte"
    ),
    "it is damaged within the archive": "het is beschadigd binnen het archief",
    "its rescaling makes values infinite": "door de herschaling worden waarden oneindig",
    "its slices are stored in different ways": "de sneden zijn op verschillende manieren opgeslagen",
    "number {} of {} series was read ({}), beside {}{}": "serie {} van {} is gelezen ({}), naast {}{}",
    "number {} of {} series was read ({}), beside {}; and {} more": (
        "serie {} van {} is gelezen ({}), naast {}; en nog {}"
    ),
    "passed over in it: {}": "daarin overgeslagen: {}",
    "the series declares {} MB of pixels, more than the {} MB that are taken in": (
        "de serie geeft {} MB aan pixels op, meer dan de {} MB die worden aangenomen"
    ),
    "there is no such series; it holds {}": "deze serie is er niet; er zijn er {}",
    "{}, 1 picture of {} × {}": "{}, 1 beeld van {} × {}",
    "{}, {} pictures of {} × {}": "{}, {} beelden van {} × {}",
    "{}, {} pictures of {} × {}, part {} of {} by {}": "{}, {} beelden van {} × {}, deel {} van {} naar {}",
    # Its header
    "a compressed picture in it is damaged or cut off": (
        "een gecomprimeerd beeld erin is beschadigd of afgebroken"
    ),
    "copy or export it anew": "kopieer of exporteer het opnieuw",
    "it declares {} compressed pictures and fewer are there": (
        "het geeft {} gecomprimeerde beelden op en er zijn er minder"
    ),
    "it declares {} frames": "het geeft {} beelden op",
    "it declares {} frames and describes {}": "het geeft {} beelden op en beschrijft er {}",
    "it does not say how many rows and columns it has": "het zegt niet hoeveel rijen en kolommen het heeft",
    "it holds more than {} elements": "het bevat meer dan {} elementen",
    "it is cut off within a sequence": "het is midden in een reeks (sequence) afgebroken",
    "it is cut off within its first elements": "het is binnen de eerste elementen afgebroken",
    "its RescaleSlope is 0, so that all values would be equal": (
        "RescaleSlope is 0, zodat alle waarden gelijk zouden zijn"
    ),
    "its compressed pictures do not match its header": "de gecomprimeerde beelden passen niet bij de kop",
    "its compressed pixel data are cut off": "de gecomprimeerde pixelgegevens zijn afgebroken",
    "its element {} cannot be read": "het element {} kan niet gelezen worden",
    "its element {} makes no sense": "het element {} klopt niet",
    "its header is damaged": "de kop is beschadigd",
    "its pixel data are cut off": "de pixelgegevens zijn afgebroken",
    "its pixel data are cut off: {} bytes are declared, {} are there": (
        "de pixelgegevens zijn afgebroken: {} bytes zijn opgegeven, er zijn er {}"
    ),
    "its sequences are damaged": "de reeksen (sequences) erin zijn beschadigd",
    "its sequences are nested more than {} deep": "de reeksen (sequences) staan meer dan {} diep in elkaar",
    "the element ({},{}) is longer than what is there": "het element ({},{}) is langer dan wat er is",
    "the file does not say how it is encoded; that was found from its content": (
        "het bestand zegt niet hoe het gecodeerd is; dat is uit de inhoud opgemaakt"
    ),
    # Its pixels
    "bits beside the stored numbers (drawings, or a wrong BitsStored) were cleared": (
        "bits naast de opgeslagen getallen (tekeningen, of een verkeerde BitsStored) zijn gewist"
    ),
    "bring the original series of the scanner": "breng de oorspronkelijke serie van de scanner",
    "bytes behind the pixels that the header does not explain were passed over: {}": (
        "bytes achter de pixels die de kop niet verklaart zijn overgeslagen: {}"
    ),
    "export it uncompressed (explicit VR little endian) or as JPEG 2000": (
        "exporteer het ongecomprimeerd (explicit VR little endian) of als JPEG 2000"
    ),
    "export the scan with whole numbers of 8 or 16 bits": (
        "exporteer de scan met gehele getallen van 8 of 16 bits"
    ),
    "it declares {} bytes of pixels and {} are there": "het geeft {} bytes aan pixels op en er zijn er {}",
    "it declares {} × {} × {} pixels, {} MB, more than the {} MB that are taken in": (
        "het geeft {} × {} × {} pixels op, {} MB, meer dan de {} MB die worden aangenomen"
    ),
    "it holds pixels of {} bits or floating-point pixels": (
        "het bevat pixels van {} bits of drijvendekommapixels"
    ),
    "it is a colour picture, such as a photo of a screen, and holds no measured values": (
        "het is een kleurenbeeld, zoals een foto van een scherm, en bevat geen meetwaarden"
    ),
    "its BitsAllocated, BitsStored and HighBit contradict each other": (
        "BitsAllocated, BitsStored en HighBit spreken elkaar tegen"
    ),
    "its pixel data are not packed as it says": "de pixelgegevens zijn niet gecomprimeerd zoals het zegt",
    "its pixels are packed as JPEG of 12 bits": "de pixels zijn gecomprimeerd als JPEG van 12 bits",
    "its pixels are packed as {}": "de pixels zijn gecomprimeerd als {}",
    "its pixels are packed in a way that is not known here": (
        "de pixels zijn gecomprimeerd op een manier die hier niet bekend is"
    ),
    "its pixels are packed {}": "de pixels zijn gecomprimeerd {}",
    "the pixels were compressed with loss": "de pixels zijn met verlies gecomprimeerd",
    # What is to be known of it
    "a table for the values (Modality LUT) is in it and was not applied": (
        "er staat een tabel voor de waarden (Modality LUT) in, die niet is toegepast"
    ),
    "names or dates are written in the picture itself (burned-in text): do not pass it on": (
        "er staan namen of datums in het beeld zelf (ingebrande tekst): geef het niet door"
    ),
    "names or dates may be written in the picture itself (burned-in text): look before it is passed on": (
        "er kunnen namen of datums in het beeld zelf staan (ingebrande tekst): "
        "kijk voordat het wordt doorgegeven"
    ),
    "sizes are those on the detector (ImagerPixelSpacing); in the body they are smaller": (
        "maten gelden op de detector (ImagerPixelSpacing); in het lichaam zijn ze kleiner"
    ),
    "the picture does not say how large its pixels are: no length or area can be given": (
        "het beeld zegt niet hoe groot de pixels zijn: er is geen lengte of oppervlakte te geven"
    ),
    "the picture was stored with white for the lowest value (MONOCHROME1) and was inverted": (
        "het beeld was opgeslagen met wit voor de laagste waarde (MONOCHROME1) en is omgekeerd"
    ),
    # Slices
    "distances between slices differ by {} %; their mean was taken": (
        "de afstanden tussen de sneden verschillen {} %; hun gemiddelde is genomen"
    ),
    "export a series with even distances": "exporteer een serie met gelijke afstanden",
    "export one echo or one moment alone": "exporteer alleen één echo of één moment",
    "export the original series of the scanner, or bring one picture alone": (
        "exporteer de oorspronkelijke serie van de scanner, of breng één beeld alleen"
    ),
    "export the slices of one direction alone": "exporteer alleen de sneden van één richting",
    "its ImageOrientationPatient is no pair of directions": "ImageOrientationPatient is geen paar richtingen",
    "its PixelSpacing is missing, so that nothing in it has a size": (
        "PixelSpacing ontbreekt, zodat niets erin een maat heeft"
    ),
    "its pictures do not all say where they lie (ImagePositionPatient, ImageOrientationPatient)": (
        "niet alle beelden zeggen waar ze liggen (ImagePositionPatient, ImageOrientationPatient)"
    ),
    "its slices are not all of one size": "de sneden zijn niet alle even groot",
    "its slices differ in PixelSpacing": "de sneden verschillen in PixelSpacing",
    "its slices do not lie one above the other": "de sneden liggen niet recht boven elkaar",
    "its slices lie in {} different directions, as those of a localizer do": (
        "de sneden liggen in {} verschillende richtingen, zoals bij een localizer"
    ),
    "its slices lie unevenly, from {} to {} mm apart": "de sneden liggen ongelijk, van {} tot {} mm uiteen",
    "its spacing of pixels is {} mm, which no scan has": (
        "de pixelafstand is {} mm, wat bij geen scan voorkomt"
    ),
    "numbers of the pictures jump by {}: slices in between may be missing": (
        "de nummers van de beelden verspringen met {}: er kunnen sneden tussen ontbreken"
    ),
    "slices of {} mm lie {} mm apart; what lies between them was not scanned": (
        "sneden van {} mm liggen {} mm uiteen; wat ertussen ligt is niet gescand"
    ),
    "{} after slice {}": "{} na snede {}",
    "{} of its {} slices lie where another one does (echoes, times or copies)": (
        "{} van de {} sneden liggen waar al een andere ligt (echo's, tijden of kopieën)"
    ),
    "{} slice is missing ({}, in order of place)": "{} snede ontbreekt ({}, op volgorde van ligging)",
    "{} slices are missing ({}, in order of place)": "{} sneden ontbreken ({}, op volgorde van ligging)",
    "{} slices are missing ({}, and more, in order of place)": (
        "{} sneden ontbreken ({}, en meer, op volgorde van ligging)"
    ),
    # Where voxels lie
    "it lies more than a kilometre from its origin": "het ligt meer dan een kilometer van zijn oorsprong",
    "its axes lie in one plane, so that voxels have no volume": (
        "de assen liggen in één vlak, zodat voxels geen inhoud hebben"
    ),
    "its voxels are {} mm large, which no scan is": "de voxels zijn {} mm groot, wat bij geen scan voorkomt",
    "its voxels have no size: a spacing is 0 mm": "de voxels hebben geen afmeting: een afstand is 0 mm",
    "the axes are not at right angles (a tilted gantry, or a registration); the matrix counts": (
        "de assen staan niet haaks (een gekantelde gantry, of een registratie); de ligging in mm telt"
    ),
    "the position of its voxels in mm is no number": "de ligging van de voxels in mm is geen getal",
    # NIfTI
    "a kind of number that is not known (code {})": "een soort getal die niet bekend is (code {})",
    "all its voxels have one value, grown from next to nothing": (
        "alle voxels hebben één waarde, uit bijna niets opgeblazen"
    ),
    "bring the scan that it was made from": "breng de scan waaruit het gemaakt is",
    "bring the whole scan, with all its slices": "breng de hele scan, met alle sneden",
    "convert it from DICOM anew, or set its orientation": (
        "zet het opnieuw om uit DICOM, of leg de oriëntatie vast"
    ),
    "it declares {} voxels, {} MB, more than the {} MB that are taken in": (
        "het geeft {} voxels op, {} MB, meer dan de {} MB die worden aangenomen"
    ),
    "it does not say where and how its voxels lie (neither sform nor qform is set)": (
        "het zegt niet waar en hoe de voxels liggen (sform noch qform is ingevuld)"
    ),
    "it holds {} numbers a voxel (vectors or tensors), and is no scan": (
        "het bevat {} getallen per voxel (vectoren of tensoren), en is geen scan"
    ),
    "it is cut off: the header declares {} bytes of voxels and {} are there": (
        "het is afgebroken: de kop geeft {} bytes aan voxels op en er zijn er {}"
    ),
    "it is no volume: it has {} voxels": "het is geen volume: het heeft {} voxels",
    "its orientation (qform) is no rotation": "de oriëntatie (qform) is geen draaiing",
    "its voxels have a negative size": "de voxels hebben een negatieve afmeting",
    "its voxels hold {}": "de voxels bevatten {}",
    "no voxel of it holds a number (NaN or infinite)": "geen voxel ervan bevat een getal (NaN of oneindig)",
    "save it as one .nii or .nii.gz file": "sla het op als één .nii- of .nii.gz-bestand",
    "save it with real numbers": "sla het op met reële getallen",
    "the NIfTI header is damaged or cut off": "de NIfTI-kop is beschadigd of afgebroken",
    "the gzip archive is damaged": "het gzip-archief is beschadigd",
    "the header declares a length of {} along axis {}": "de kop geeft een lengte van {} langs as {} op",
    "the header declares {} axes": "de kop geeft {} assen op",
    "the header does not give the unit of lengths; they were taken for mm": (
        "de kop noemt geen lengte-eenheid; er is mm aangenomen"
    ),
    "the header gives {} bits a voxel where its type has {}; the type counts": (
        "de kop geeft {} bits per voxel op waar het type er {} heeft; het type telt"
    ),
    "the header says wrongly where voxels begin": "de kop zegt verkeerd waar de voxels beginnen",
    "the header's two orientations (sform and qform) differ; the sform counts": (
        "de twee oriëntaties in de kop (sform en qform) verschillen; de sform telt"
    ),
    "the header's voxel size differs from its orientation matrix (sform); the matrix counts": (
        "de voxelgrootte in de kop wijkt af van de ligging in mm (sform); de ligging telt"
    ),
    "the scaling makes its values infinite": "door de schaling worden de waarden oneindig",
    "the scaling of its values is no number": "de schaling van de waarden is geen getal",
    "this is the header of a NIfTI pair, whose voxels lie in another file": (
        "dit is de kop van een NIfTI-paar, waarvan de voxels in een ander bestand staan"
    ),
    "{} % of the voxels hold no number (NaN or infinite)": (
        "{} % van de voxels bevat geen getal (NaN of oneindig)"
    ),
    "{} bytes behind the voxels were passed over": "{} bytes achter de voxels zijn overgeslagen",
    # MetaImage
    "it declares {} MB, more than the {} MB that are taken in": (
        "het geeft {} MB op, meer dan de {} MB die worden aangenomen"
    ),
    "it declares {} bytes of data and holds {}": "het geeft {} bytes aan gegevens op en bevat er {}",
    "it holds something else than an image in binary form": (
        "het bevat iets anders dan een beeld in binaire vorm"
    ),
    "its data are laid out in a way that is not taken in": (
        "de gegevens zijn ingedeeld op een manier die niet wordt aangenomen"
    ),
    "its data do not lie in the file itself": "de gegevens staan niet in het bestand zelf",
    "its packed data are damaged": "de gecomprimeerde gegevens zijn beschadigd",
    "its type of numbers is not taken in": "dit type getallen wordt niet aangenomen",
    "save it as NIfTI, or as one .mha file with its data inside": (
        "sla het op als NIfTI, of als één .mha-bestand met de gegevens erin"
    ),
    "the header of this MetaImage is damaged: line {} makes no sense": (
        "de kop van deze MetaImage is beschadigd: regel {} klopt niet"
    ),
    "the header of this MetaImage is damaged: {} makes no sense": (
        "de kop van deze MetaImage is beschadigd: {} klopt niet"
    ),
    # PNG and JPEG
    "16 bits a colour were reduced to 8": "16 bits per kleur zijn teruggebracht tot 8",
    "a text or colour profile in it grows past {} MB": (
        "een tekst of kleurprofiel erin groeit tot boven {} MB"
    ),
    "bring a smaller picture, or a part of it": "breng een kleinere afbeelding, of een deel ervan",
    "colours for print (CMYK) were turned into RGB, without a colour profile": (
        "drukkleuren (CMYK) zijn omgezet naar RGB, zonder kleurprofiel"
    ),
    "it declares {} pixels, more than the {} million that are taken in": (
        "het geeft {} pixels op, meer dan de {} miljoen die worden aangenomen"
    ),
    "save or copy it anew": "sla het opnieuw op of kopieer het opnieuw",
    "save the picture without descriptions": "sla de afbeelding op zonder beschrijvingen",
    "the picture has no pixel": "de afbeelding heeft geen pixel",
    "the picture is cut off": "de afbeelding is afgebroken",
    "the picture is cut off or damaged": "de afbeelding is afgebroken of beschadigd",
    "the picture is cut off: lines are missing": "de afbeelding is afgebroken: er ontbreken regels",
    "the picture is damaged": "de afbeelding is beschadigd",
    "the picture is damaged or made to do harm": "de afbeelding is beschadigd of gemaakt om schade te doen",
    "the picture is damaged: a check sum is wrong": "de afbeelding is beschadigd: een controlesom klopt niet",
    "the picture is damaged: its parts are out of order": (
        "de afbeelding is beschadigd: de delen staan in de verkeerde volgorde"
    ),
    "the picture was turned upright as the camera noted": (
        "de afbeelding is rechtop gezet zoals de camera heeft vastgelegd"
    ),
    "the picture's header is damaged": "de kop van de afbeelding is beschadigd",
    "the picture's palette was replaced by its colours": (
        "het palet van de afbeelding is vervangen door de kleuren"
    ),
    "the picture's transparency was dropped": "de doorzichtigheid van de afbeelding is weggelaten",
    "this is an animation; its first picture was read": "dit is een animatie; het eerste beeld is gelezen",
}

WORDS: dict[str, str] = {
    # What else a study holds
    "a document within DICOM": "een document binnen DICOM",
    "a file that is no DICOM": "een bestand dat geen DICOM is",
    "a file without a picture": "een bestand zonder beeld",
    "a plan for radiotherapy (RTPLAN)": "een bestralingsplan (RTPLAN)",
    "a presentation state": "een weergavetoestand (presentation state)",
    "a radiation dose (RTDOSE)": "een stralingsdosis (RTDOSE)",
    "a registration": "een registratie",
    "a segmentation": "een segmentatie",
    "a segmentation or registration": "een segmentatie of registratie",
    "a selection of pictures (key objects)": "een selectie van beelden (key objects)",
    "a slide under the microscope": "een microscooppreparaat",
    "a spectrum": "een spectrum",
    "a structured report (SR)": "een gestructureerd verslag (SR)",
    "a table of contents (DICOMDIR)": "een inhoudsopgave (DICOMDIR)",
    "a waveform such as an ECG": "een golfvorm zoals een ecg",
    "contours for radiotherapy (RTSTRUCT)": "contouren voor bestraling (RTSTRUCT)",
    "raw data": "ruwe gegevens",
    # How pixels are packed
    "HEVC film": "HEVC-film",
    "JPEG 2000 of several parts": "JPEG 2000 in meerdere delen",
    "MPEG film": "MPEG-film",
    "high-throughput JPEG 2000": "JPEG 2000 met hoge doorvoer (HTJ2K)",
    # What voxels hold
    "colours (RGB)": "kleuren (RGB)",
    "colours (RGBA)": "kleuren (RGBA)",
    "complex numbers": "complexe getallen",
    "numbers of 128 bits": "getallen van 128 bits",
    "single bits": "losse bits",
    "too many": "te veel",
}
