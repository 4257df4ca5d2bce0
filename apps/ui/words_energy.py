"""The words of the energy page, as (English, Dutch)."""

from __future__ import annotations

ENERGY: dict[str, tuple[str, str]] = {
    # Energy: choose
    "energy_title": ("Energy forecast", "Energievoorspelling"),
    "energy_intro": (
        "How much power will be used in the next hours and days, how sure that is, and what drives it.",
        "Hoeveel vermogen de komende uren en dagen gevraagd wordt, hoe zeker dat is en waardoor het komt.",
    ),
    "sample_title": ("Real data, ready to go", "Echte data, klaar voor gebruik"),
    "sample_text": (
        "Electricity demand of Victoria, Australia, 2014: every half hour of the year, with temperature.",
        "Elektriciteitsvraag van Victoria, Australië, 2014: elk half uur van het jaar, met temperatuur.",
    ),
    "sample_button": ("Use the sample", "Gebruik het voorbeeld"),
    "upload_title": ("Your own load", "Uw eigen belasting"),
    "upload_text": (
        "CSV, Excel or Parquet with a time and a load column, as your meter or system exports it.",
        "CSV, Excel of Parquet met een tijd- en een belastingkolom, zoals uw meter of systeem ze geeft.",
    ),
    "upload_label": ("A CSV, Excel or Parquet file", "Een CSV-, Excel- of Parquetbestand"),
    "recent": ("Earlier forecasts", "Eerdere voorspellingen"),
    "recent_sample": ("Sample", "Voorbeeld"),
    "recent_upload": ("Own file", "Eigen bestand"),
    "reading": ("Reading the file…", "Het bestand wordt gelezen…"),
    # Energy: check
    "check_other": ("Choose other data", "Kies andere data"),
    "check_sample_name": ("Victoria 2014, real demand", "Victoria 2014, echte vraag"),
    "check_period": ("Period", "Periode"),
    "check_days": ("{n} days", "{n} dagen"),
    "check_clock": (
        "Local time: {zone}. Public holidays: {country}.",
        "Lokale tijd: {zone}. Feestdagen: {country}.",
    ),
    "check_step": ("Step", "Stap"),
    "check_minutes": ("{n} min", "{n} min"),
    "check_series": ("Series", "Reeksen"),
    "check_mean": ("Mean load", "Gemiddelde belasting"),
    "check_range_words": ("{low} to {high}", "{low} tot {high}"),
    "check_zone": ("Time zone", "Tijdzone"),
    "check_weather": ("Weather", "Weer"),
    "check_no_weather": ("none", "geen"),
    "check_missing": ("{p} of the readings are missing.", "{p} van de metingen ontbreekt."),
    "check_readings": ("{n} readings", "{n} metingen"),
    "check_how": ("How the file was read", "Hoe het bestand gelezen is"),
    "check_how_text": (
        "Change what was guessed wrong; the file is read again at once.",
        "Verander wat verkeerd geraden is; het bestand wordt meteen opnieuw gelezen.",
    ),
    "check_time_column": ("Time column", "Tijdkolom"),
    "check_load_columns": ("Load columns, with commas", "Belastingkolommen, met komma's"),
    "check_unit": ("Unit of the load", "Eenheid van de belasting"),
    "check_guess": ("as guessed", "zoals geraden"),
    "check_label": ("A time marks", "Een tijd markeert"),
    "check_label_start": ("the start of its interval", "het begin van het interval"),
    "check_label_end": ("the end of its interval", "het einde van het interval"),
    "check_country": ("Public holidays of", "Feestdagen van"),
    "check_country_help": (
        "A country, with a region if you like: NL, BE, DE-BY, AU-VIC",
        "Een land, eventueel met regio: NL, BE, DE-BY, AU-VIC",
    ),
    "check_no_country": ("no country", "geen land"),
    "findings_none": ("Nothing had to be mended.", "Er hoefde niets hersteld te worden."),
    "findings_some": ("{n} things were found while reading", "{n} bevindingen bij het lezen"),
    "findings_one": ("1 thing was found while reading", "1 bevinding bij het lezen"),
    "findings_row": ("Row", "Rij"),
    "findings_field": ("Field", "Veld"),
    "findings_what": ("What was found", "Wat er gevonden is"),
    "findings_done": ("What was done", "Wat er gedaan is"),
    "series_pick": ("Series", "Reeks"),
    # Energy: run
    "horizon": ("Look ahead", "Vooruitkijken"),
    "horizon_24": ("24 hours", "24 uur"),
    "horizon_48": ("48 hours", "48 uur"),
    "horizon_168": ("7 days", "7 dagen"),
    "limit": ("Contracted capacity", "Gecontracteerd vermogen"),
    "limit_help": (
        "The power that must not be exceeded. Leave it empty for no alarms.",
        "Het vermogen dat niet overschreden mag worden. Laat leeg voor geen alarmen.",
    ),
    "limit_unit": ("Unit", "Eenheid"),
    "more_options": ("Alarm costs, what-if, model", "Alarmkosten, wat-als, model"),
    "cost_missed": ("Cost of a missed peak (€)", "Kosten van een gemiste piek (€)"),
    "cost_false": ("Cost of a false alarm (€)", "Kosten van een loos alarm (€)"),
    "cost_help": (
        "Only the ratio counts: the dearer a missed peak, the earlier the alarm.",
        "Alleen de verhouding telt: hoe duurder een gemiste piek, hoe eerder het alarm.",
    ),
    "whatif": ("What if it were warmer (°C)", "Wat als het warmer was (°C)"),
    "whatif_help": (
        "Shifts the temperature of the forecast hours; 0 is no what-if.",
        "Verschuift de temperatuur van de voorspelde uren; 0 is geen wat-als.",
    ),
    "model": ("Model", "Model"),
    "model_trees": ("Trees (fast)", "Trees (snel)"),
    "model_ensemble": ("Trees and neural net", "Trees en neuraal net"),
    "model_naive": ("Same time last week", "Zelfde tijd vorige week"),
    "run_button": ("Forecast", "Voorspel"),
    # Energy: understand
    "headline": ("Peak of {power} expected on {when}", "Piek van {power} verwacht op {when}"),
    "metric_peak": ("Peak", "Piek"),
    "metric_peak_range": (
        "8 in 10 times between {low} and {high}",
        "8 van de 10 keer tussen {low} en {high}",
    ),
    "metric_energy": ("Energy", "Energie"),
    "metric_energy_hours": ("in the next {n} hours", "in de komende {n} uur"),
    "metric_error": ("Typical error", "Gebruikelijke afwijking"),
    "metric_error_help": (
        "mean distance to the truth in the backtest",
        "gemiddelde afstand tot de werkelijkheid in de terugtoets",
    ),
    "metric_error_less": ("{p} less than {name}", "{p} kleiner dan {name}"),
    "metric_error_more": ("{p} more than {name}", "{p} groter dan {name}"),
    "metric_alarms": ("Time under alarm", "Tijd onder alarm"),
    "metric_alarms_top": ("highest chance of exceeding: {p}", "hoogste kans op overschrijding: {p}"),
    "metric_coverage": ("Truth inside the band", "Werkelijkheid in de band"),
    "metric_coverage_goal": ("80% is meant", "80 % is de bedoeling"),
    "key_measured": ("Measured", "Gemeten"),
    "key_middle": ("Middle forecast", "Middelste voorspelling"),
    "key_band": ("8 in 10 cases (darker: likelier)", "8 van de 10 gevallen (donkerder: waarschijnlijker)"),
    "key_limit": ("Contracted capacity", "Gecontracteerd vermogen"),
    "key_day_mean": ("Mean of the day", "Daggemiddelde"),
    "key_day_range": ("Lowest to highest of the day", "Laagste tot hoogste van de dag"),
    "key_alarm": ("Alarm", "Alarm"),
    "key_no_alarm": ("No alarm", "Geen alarm"),
    "key_threshold": ("alarm from {p}", "alarm vanaf {p}"),
    "tip_when": ("Time", "Tijd"),
    "tip_range": ("8 in 10 cases", "8 van de 10 gevallen"),
    "tip_chance": ("Chance of exceeding", "Kans op overschrijding"),
    "tip_max": ("Highest", "Hoogste"),
    "tip_mean": ("Mean", "Gemiddelde"),
    "tip_min": ("Lowest", "Laagste"),
    "fan_caption": (
        "Local time of the meters. The dotted upright line is the moment from which nothing was known.",
        "Lokale tijd van de meters. De gestippelde staande lijn is het moment waarna niets bekend was.",
    ),
    "tab_alarms": ("Peaks and alarms", "Pieken en alarmen"),
    "tab_accuracy": ("How good is it?", "Hoe goed is het?"),
    "tab_drivers": ("What drives it?", "Waardoor komt het?"),
    "tab_anomalies": ("Unusual readings", "Ongewone metingen"),
    "tab_findings": ("What was read", "Wat er gelezen is"),
    "alarms_none": (
        "No alarm: the chance of exceeding {limit} stays below {p}, the threshold set by the costs.",
        "Geen alarm: de kans op meer dan {limit} blijft onder {p}, de drempel die uit de kosten volgt.",
    ),
    "alarms_some": (
        "{n} intervals have a chance of at least {p} to exceed {limit}. That threshold follows from "
        "the costs: cost of a false alarm ÷ (false + missed).",
        "{n} intervallen hebben een kans van minstens {p} op meer dan {limit}. Die drempel volgt uit "
        "de kosten: kosten van een loos alarm ÷ (loos + gemist).",
    ),
    "alarm_from": ("From", "Van"),
    "alarm_to": ("To", "Tot"),
    "alarm_chance": ("Highest chance", "Hoogste kans"),
    "alarm_excess": ("Expected above the limit", "Verwacht boven de grens"),
    "accuracy_none": (
        "There was too little history for a backtest.",
        "Er was te weinig historie voor een terugtoets.",
    ),
    "accuracy_title": ("Typical error, shorter is better", "Gebruikelijke afwijking, korter is beter"),
    "accuracy_caption": (
        "Each model forecast the same past days with only what was known then.",
        "Elk model voorspelde dezelfde dagen met alleen wat toen bekend was.",
    ),
    "accuracy_figures": ("All figures", "Alle cijfers"),
    "calibration_title": ("Can the band be trusted?", "Is de band te vertrouwen?"),
    "calibration_words": (
        "On the dashed line the forecast is as sure as it says. The 80% band held the truth {p} of the time.",
        "Op de streepjeslijn is de voorspelling zo zeker als zij zegt. De 80%-band bevatte de "
        "werkelijkheid {p} van de tijd.",
    ),
    "axis_quantile": ("forecast: share below", "voorspeld: aandeel eronder"),
    "axis_observed": ("in truth", "werkelijk"),
    "backtest_title": ("How it would have gone", "Hoe het gegaan zou zijn"),
    "backtest_pick": ("Forecast made at", "Voorspelling gemaakt op"),
    "backtest_words": (
        "Forecast made {when}: off by {off} on average, {p} of the truth inside the band.",
        "Voorspelling van {when}: gemiddeld {off} ernaast, {p} van de werkelijkheid in de band.",
    ),
    "col_model": ("Model", "Model"),
    "col_mae": ("Typical error ({unit})", "Afwijking ({unit})"),
    "col_mase": ("MASE", "MASE"),
    "col_pinball": ("Pinball ({unit})", "Pinball ({unit})"),
    "col_coverage": ("In 80% band", "In 80%-band"),
    "col_width": ("Band width ({unit})", "Bandbreedte ({unit})"),
    "col_peak": ("Error at peak ({unit})", "Afwijking op piek ({unit})"),
    "drivers_none": ("This model does not tell its drivers.", "Dit model vertelt niet waardoor het komt."),
    "drivers_pick": ("For the interval", "Voor het interval"),
    "drivers_words": ("On {when} the forecast is {power}:", "Op {when} is de voorspelling {power}:"),
    "driver_adds": ("{name} adds {power}", "{name} voegt {power} toe"),
    "driver_takes": ("{name} takes off {power}", "{name} haalt er {power} af"),
    "drivers_caption": (
        "Contributions (SHAP) to the middle forecast, against the model's average.",
        "Bijdragen (SHAP) aan de middelste voorspelling, ten opzichte van het gemiddelde van het model.",
    ),
    "anomalies_words": (
        "{n} readings differ far from what was to be expected.",
        "{n} metingen wijken ver af van wat te verwachten was.",
    ),
    "anomalies_one": (
        "One reading differs far from what was to be expected.",
        "Eén meting wijkt ver af van wat te verwachten was.",
    ),
    "anomaly_expected": ("Expected", "Verwacht"),
    "anomaly_kind": ("Kind", "Soort"),
    # Energy: what-if
    "tab_what_if": ("What if", "Wat als"),
    "whatif_foreseen": ("As foreseen", "Zoals voorzien"),
    "whatif_changed": ("With the temperature changed", "Met de andere temperatuur"),
    "whatif_words": (
        "With {degrees} °C added to the temperature the middle forecast changes most on {when}: "
        "from {low} to {high}.",
        "Met {degrees} °C erbij verandert de middelste voorspelling het meest op {when}: "
        "van {low} naar {high}.",
    ),
    # Energy: flexible load
    "tab_flexible": ("Best hours for a flexible load", "Beste uren voor een flexibele last"),
    "flex_intro": (
        "Charging, heating or computing that can wait: when is it cheapest, within the capacity?",
        "Laden, verwarmen of rekenen dat kan wachten: wanneer is het het goedkoopst, binnen het vermogen?",
    ),
    "flex_energy": ("Energy needed ({unit}h)", "Benodigde energie ({unit}h)"),
    "flex_power": ("Highest power ({unit})", "Hoogste vermogen ({unit})"),
    "flex_deadline": ("Ready by", "Klaar om"),
    "flex_earliest": ("From", "Vanaf"),
    "flex_one_go": ("It must run in one go", "Het moet aan één stuk draaien"),
    "flex_low": ("Low price (€/kWh)", "Laag tarief (€/kWh)"),
    "flex_high": ("High price (€/kWh)", "Hoog tarief (€/kWh)"),
    "flex_from": ("Low from", "Laag vanaf"),
    "flex_to": ("Low until", "Laag tot"),
    "flex_price": ("€/kWh", "€/kWh"),
    "flex_planned": ("Planned", "Gepland"),
    "flex_words": (
        "{energy} from {start}: € {cost} instead of € {base} when started at once, {p} less.",
        "{energy} vanaf {start}: € {cost} in plaats van € {base} bij meteen beginnen, {p} minder.",
    ),
    "flex_room": (
        "With this load added, each interval stays within the capacity with a chance of 90%.",
        "Met deze last erbij blijft elk interval met een kans van 90% binnen het vermogen.",
    ),
    "flex_caption": (
        "Bars: planned power. Dashed line: price. The plan is exact, not a rule of thumb.",
        "Staven: gepland vermogen. Streepjeslijn: prijs. Het plan is exact, geen vuistregel.",
    ),
}

MODELS: dict[str, tuple[str, str]] = {
    "trees": ("This forecast (trees)", "Deze voorspelling (trees)"),
    "ensemble": ("This forecast (ensemble)", "Deze voorspelling (ensemble)"),
    "panel": ("This forecast (panel)", "Deze voorspelling (panel)"),
    "month-ahead": ("This forecast (month ahead)", "Deze voorspelling (maand vooruit)"),
    "neural": ("This forecast (neural)", "Deze voorspelling (neuraal)"),
    "before calibration": ("The same, not calibrated", "Dezelfde, niet gekalibreerd"),
    "month-ahead alone": ("Month-ahead model alone", "Alleen maandmodel"),
    "trees alone": ("Trees alone", "Alleen trees"),
    "neural alone": ("Neural network alone", "Alleen neuraal netwerk"),
    "seasonal naive (week)": ("Same time last week", "Zelfde tijd vorige week"),
    "seasonal naive (day)": ("Same time yesterday", "Zelfde tijd gisteren"),
}

DRIVERS: dict[str, str] = {
    "public holiday": "feestdag",
    "temperature": "temperatuur",
    "sunshine": "zon",
    "wind": "wind",
    "humidity": "vochtigheid",
    "rain and snow": "regen en sneeuw",
    "last week's load": "belasting van vorige week",
    "recent load": "recente belasting",
    "day of the week": "dag van de week",
    "season": "seizoen",
    "hour of the day": "uur van de dag",
    "neural network": "neuraal netwerk",
    "other": "overig",
    "all else": "al het andere",
}

STAGES: dict[str, str] = {
    "reading the load": "de belasting wordt gelezen",
    "looking at the history": "de historie wordt bekeken",
    "training for the backtest": "trainen voor de terugtoets",
    "forecasting past days": "eerdere dagen worden voorspeld",
    "training on all of the history": "trainen op de hele historie",
    "forecasting": "de voorspelling wordt gemaakt",
    "explaining": "de uitleg wordt gemaakt",
    "training the what-if": "trainen voor de wat-als",
    "looking for unusual readings": "ongewone metingen worden gezocht",
    "writing the report": "het rapport wordt geschreven",
    "done": "klaar",
}

NOTES: dict[str, str] = {
    "The weather after its start is not known to the forecast: only what was measured before.": (
        "Het weer na het begin is de voorspelling niet bekend: alleen wat ervoor gemeten is."
    ),
    "The weather that came true counts as known: the backtest's figures are better than real ones.": (
        "Het uitgekomen weer telt als bekend: de cijfers van de terugtoets zijn beter dan in het echt."
    ),
    "The history is short, so last week counts beside the trees as far as it did better.": (
        "De historie is kort, dus vorige week telt mee naast de trees, voor zover die het beter deed."
    ),
    "The what-if comes from a second model that reads the weather to come; its median may differ.": (
        "De wat-als komt van een tweede model dat het komende weer leest; de mediaan kan anders zijn."
    ),
    "No temperature was given for all of the horizon: the mean at the same hour of the last 7 days stands "
    "in, and the change is counted from there.": (
        "Voor de hele termijn is geen temperatuur gegeven: het gemiddelde op hetzelfde uur van de laatste "
        "7 dagen staat ervoor in, en de verandering telt vanaf daar."
    ),
}
