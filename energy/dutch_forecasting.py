"""Dutch for what training, forecasting, alarms and planning say."""

from __future__ import annotations

FORECASTING: dict[str, str] = {
    # History, horizon and origins
    "a forecast is to start off the data's time grid, or outside it": (
        "een voorspelling moet naast de tijdstappen van de gegevens beginnen, of erbuiten"
    ),
    "a horizon of {} h is shorter than one interval of the load": (
        "een termijn van {} uur is korter dan één interval van de belasting"
    ),
    "an origin is not a full step of the load, or has fewer than {} steps before it": (
        "een beginpunt valt niet op een hele stap van de belasting, of heeft minder dan {} stappen ervoor"
    ),
    "an origin is not a full step of the load, or has less than {} days before it": (
        "een beginpunt valt niet op een hele stap van de belasting, of heeft minder dan {} dagen ervoor"
    ),
    "ask for a longer one": "vraag om een langere",
    "bring a history with values": "breng een historie met waarden",
    "bring a longer history": "breng een langere historie",
    "bring a longer history, best several years of it": (
        "breng een langere historie, het liefst van meerdere jaren"
    ),
    "bring a longer history of the weather, or forecast fewer days": (
        "breng een langere historie van het weer, of voorspel minder dagen"
    ),
    "bring a longer history, or calibrate on fewer days": (
        "breng een langere historie, of kalibreer op minder dagen"
    ),
    "bring at least {} days": "breng minstens {} dagen",
    "bring more of the past, or choose later origins": "breng meer verleden, of kies latere beginpunten",
    "bring more weeks of it, or shorten the horizon": "breng er meer weken van, of verkort de termijn",
    "bring steps of 60, 30, 15 or 10 minutes": "breng stappen van 60, 30, 15 of 10 minuten",
    "choose origins between {} and {} UTC": "kies beginpunten tussen {} en {} UTC",
    "fewer than four weeks of its load are known": "er zijn minder dan vier weken van de belasting bekend",
    "leave this series out, or bring a longer history": "laat deze reeks weg, of breng een langere historie",
    "no value of the load is known": "geen waarde van de belasting is bekend",
    "start it at an interval's start, at the latest right after the last one": (
        "begin aan het begin van een interval, uiterlijk direct na het laatste"
    ),
    "the load is in steps of {} hours": "de belasting staat in stappen van {} uur",
    "the load is not known well enough before an origin": (
        "de belasting is voor een beginpunt niet goed genoeg bekend"
    ),
    "there are {} days of history": "er zijn {} dagen historie",
    "there are {} days of history and {} are needed": "er zijn {} dagen historie en er zijn {} nodig",
    "there are {} days of history and {} are needed for a month ahead": (
        "er zijn {} dagen historie en voor een maand vooruit zijn er {} nodig"
    ),
    "there is no backtest": "er is geen terugtoets",
    "there is no measured load": "er is geen gemeten belasting",
    "there is no past stretch of {} days at this time of year": (
        "er is in het verleden geen periode van {} dagen in deze tijd van het jaar"
    ),
    "there is too little history for a backtest": "er is te weinig historie voor een terugtoets",
    "{} is not known well enough before an origin": "{} is voor een beginpunt niet goed genoeg bekend",
    # Models and training
    "add the column, or train a model without it": "voeg de kolom toe, of train een model zonder",
    "ask for a horizon of at most a week and bring fewer series": (
        "vraag om een termijn van hooguit een week en breng minder reeksen"
    ),
    "bring the load to the model's time step, or train a model on it": (
        "breng de belasting naar de tijdstap van het model, of train er een model op"
    ),
    "bring the load to their time step, or fit anew": (
        "breng de belasting naar hun tijdstap, of train opnieuw"
    ),
    "call fit first": "roep eerst fit aan",
    "call fit, or open a stored one": "roep fit aan, of open een opgeslagen model",
    "choose one of its series": "kies een van de reeksen",
    "fit anew": "train opnieuw",
    "fit it anew": "train het opnieuw",
    "fit it before it forecasts": "train het voordat het voorspelt",
    "fit it before it is saved": "train het voordat het bewaard wordt",
    "fit them before they are saved": "train ze voordat ze bewaard worden",
    "fit them before they forecast": "train ze voordat ze voorspellen",
    "fit with horizon={}": "train met horizon={}",
    "give a longer history, or set a shorter look-back": (
        "geef een langere historie, of kijk minder ver terug"
    ),
    "it was not fitted to this series": "het is niet op deze reeks getraind",
    "its quantiles reach {} steps and {} were asked for": (
        "de kwantielen reiken {} stappen ver en er zijn er {} gevraagd"
    ),
    "leave out --resume and --processes": "laat --resume en --processes weg",
    "the load has steps of {} minutes, the model has {}": (
        "de belasting heeft stappen van {} minuten, het model van {}"
    ),
    "the load has steps of {} minutes, the trees have {}": (
        "de belasting heeft stappen van {} minuten, de bomen hebben er van {}"
    ),
    "the load is too short or too full of gaps to learn from: {} steps are needed": (
        "de belasting is te kort of heeft te veel gaten om van te leren: er zijn {} stappen nodig"
    ),
    "the model '{}' is none of the energy pilot's": "het model '{}' is niet van de energiepilot",
    "the model forecasts {} steps, not {}": "het model voorspelt {} stappen, geen {}",
    "the model has not seen the series {}": "het model heeft de reeks {} niet gezien",
    "the model was trained with {}, which this load lacks": (
        "het model is getraind met {}, en dat ontbreekt bij deze belasting"
    ),
    "the model's card does not say what it was trained on": (
        "de kaart van het model zegt niet waarop het getraind is"
    ),
    "the month-ahead model is not fitted": "het maandmodel is niet getraind",
    "the network beside the trees cannot be read": "het netwerk naast de bomen kan niet gelezen worden",
    "the neural forecaster has not been trained": "de neurale voorspeller is niet getraind",
    "the panel model cannot be read": "het panelmodel kan niet gelezen worden",
    "the panel model is not fitted": "het panelmodel is niet getraind",
    "the trees are not fitted": "de bomen zijn niet getraind",
    "the trees were fitted for {} steps and {} were asked for": (
        "de bomen zijn voor {} stappen getraind en er zijn er {} gevraagd"
    ),
    "there are more than {} series": "er zijn meer dan {} reeksen",
    "there is no series '{}'": "er is geen reeks '{}'",
    "this is no whole neural forecaster": "dit is geen volledige neurale voorspeller",
    "train anew": "train opnieuw",
    "train it anew": "train het opnieuw",
    "train it anew, or fetch it again": "train hem opnieuw, of haal hem nog eens op",
    "train it with a longer horizon_h": "train het met een langere horizon_h",
    "train it without an embedding, or on all series": "train het zonder embedding, of op alle reeksen",
    "train one with: pilots train energy": "train er een met: pilots train energy",
    "trees are not what forecasts this: {}": "dit wordt niet met bomen voorspeld: {}",
    "the horizon is longer than a week": "de termijn is langer dan een week",
    "trees train in one process, and are trained anew rather than resumed": (
        "bomen trainen in één proces, en worden opnieuw getraind in plaats van hervat"
    ),
    # Weather to come
    "'{}' is no way to know the weather": "'{}' is geen manier om het weer te kennen",
    "add a column with degrees Celsius": "voeg een kolom met graden Celsius toe",
    'bring it, or fit with weather="measured"': 'breng het, of train met weather="measured"',
    'bring it, or fit with weather="none"': 'breng het, of train met weather="none"',
    "choose from {}": "kies uit {}",
    'give them, or weather="measured"': 'geef ze, of weather="measured"',
    "give them with --vintages, or choose another --weather": (
        "geef ze met --vintages, of kies een andere --weather"
    ),
    "the forecaster '{}' does not read the weather to come (weather: {})": (
        "de voorspeller '{}' leest het komende weer niet (weer: {})"
    ),
    "the weather after the origin is missing for {} steps": (
        "het weer na het beginpunt ontbreekt bij {} stappen"
    ),
    "the weather {} is missing that the trees were fitted with": (
        "het weer {} ontbreekt, waarmee de bomen getraind zijn"
    ),
    "there are no weather forecasts as issued": "er zijn geen weersverwachtingen zoals ze zijn uitgegeven",
    "there are no weather forecasts with the time they were issued": (
        "er zijn geen weersverwachtingen met de tijd waarop ze zijn uitgegeven"
    ),
    "there is no temperature in it": "er staat geen temperatuur in",
    "train a second one with weather 'perfect' and ask that": (
        "train er een tweede met weer 'perfect' en vraag het die"
    ),
    # Kept forecasts
    "a kept forecast is never changed: give the time at which this one was made": (
        "een bewaarde voorspelling verandert nooit: geef de tijd waarop deze gemaakt is"
    ),
    "delete it: it is made anew from the load": "verwijder het: het wordt uit de belasting opnieuw gemaakt",
    "it cannot be read": "het kan niet gelezen worden",
    "it is no kept forecast": "het is geen bewaarde voorspelling",
    "it is not what was kept": "het is niet wat bewaard is",
    "take back a copy, or move it out of the log": "zet een kopie terug, of haal het uit het logboek",
    "keep one with: pilots run energy --log": "bewaar er een met: pilots run energy --log",
    "move it out of the log": "haal het uit de map met voorspellingen",
    "no forecast is kept here": "hier is geen voorspelling bewaard",
    "the model '{}' already has another forecast of {} UTC": (
        "het model '{}' heeft al een andere voorspelling van {} UTC"
    ),
    # Sums of meters
    "'{}' has no forecast": "'{}' heeft geen voorspelling",
    "'{}' names a meter and a sum of meters": "'{}' noemt een meter én een som van meters",
    "backtest on more days or fill gaps in the load": (
        "toets terug op meer dagen of vul gaten in de belasting"
    ),
    "backtest on more days, or use the method wls_struct": (
        "toets terug op meer dagen, of gebruik de methode wls_struct"
    ),
    "forecast every node": "voorspel elk knooppunt",
    "forecast with at least two quantile levels": "voorspel met minstens twee kwantielen",
    "give every series a path like region/station/feeder/meter": (
        "geef elke reeks een pad zoals regio/station/veld/meter"
    ),
    "it has no path": "ze heeft geen pad",
    "only {} past forecasts have their whole truth and ten are needed": (
        "van maar {} eerdere voorspellingen is de waarheid volledig bekend en er zijn er tien nodig"
    ),
    "rename one of them": "geef een van beide een andere naam",
    "the path '{}' has an empty part": "het pad '{}' heeft een leeg deel",
    "there are fewer than ten past errors to weigh the nodes by": (
        "er zijn minder dan tien eerdere fouten om de knooppunten mee te wegen"
    ),
    "there are fewer than two quantiles": "er zijn minder dan twee kwantielen",
    # Alarms and limits
    "a cost is negative or no number, or all are zero": (
        "kosten zijn negatief of geen getal, of alle zijn nul"
    ),
    "a limit is no number": "een grens is geen getal",
    "fewer than {} past forecasts are too few to see how errors go together": (
        "minder dan {} eerdere voorspellingen zijn te weinig om te zien hoe fouten samengaan"
    ),
    "give costs of zero or more, and one for a missed or a false alarm": (
        "geef kosten van nul of meer, en één voor een gemist of een vals alarm"
    ),
    "give one for each series": "geef er een voor elke reeks",
    "give the capacity in kW": "geef het vermogen in kW",
    "take a longer backtest, or leave the history out": (
        "neem een langere terugtoets, of laat de historie weg"
    ),
    "there is no limit for '{}'": "er is geen grens voor '{}'",
    # Flexible load
    "a least run means nothing without a least power": (
        "een kortste looptijd zegt niets zonder een laagste vermogen"
    ),
    "allow more time or more power": "geef meer tijd of meer vermogen",
    "allow more time, a lower least power or a shorter least run": (
        "geef meer tijd, een lager laagste vermogen of een kortere looptijd"
    ),
    "allow more time, or accept a lower chance that the limit holds": (
        "geef meer tijd, of neem genoegen met een kleinere kans dat de grens houdt"
    ),
    "bring a longer one or narrow the time": "breng een langere of neem minder tijd",
    "check energy_kwh, max_kw and min_kw": "controleer energy_kwh, max_kw en min_kw",
    "choose a chance between them": "kies een kans daartussen",
    "choose one of each": "kies er van elk één",
    "energy and highest power must be above zero, the least power no higher than that": (
        "energie en hoogste vermogen moeten boven nul zijn, het laagste vermogen niet hoger dan dat"
    ),
    "fill them": "vul ze",
    "give one value an interval, in UTC": "geef één waarde per interval, in UTC",
    "it has gaps before the deadline": "er zijn gaten voor de uiterste tijd",
    "it holds several origins or series": "er staan meerdere beginpunten of reeksen in",
    "it is known from {} to {} UTC, not from the earliest start to the deadline": (
        "bekend is {} tot {} UTC, niet van de vroegste start tot de uiterste tijd"
    ),
    "its times are not regular": "de tijden zijn niet regelmatig",
    "let it be interrupted, or lower its power": "sta onderbreken toe, of verlaag het vermogen",
    "no plan keeps at least {} kW for at least {} h within the limits": (
        "geen plan houdt minstens {} kW gedurende minstens {} uur binnen de grenzen"
    ),
    "nowhere before the deadline are {} kW left for {} h on end": (
        "nergens voor de uiterste tijd is {} kW over voor {} uur achtereen"
    ),
    "set min_kw": "stel min_kw in",
    "the connection leaves {} kWh before the deadline and {} kWh are needed": (
        "de aansluiting laat tot de uiterste tijd {} kWh over en er is {} kWh nodig"
    ),
    "the deadline is not after the earliest start": "de uiterste tijd ligt niet na de vroegste start",
    "the energy does not fit before the deadline: it needs {} h and has {} h": (
        "de energie past niet voor de uiterste tijd: ze vraagt {} uur en heeft {} uur"
    ),
    "the forecast's levels run from {} to {}": "de kansen van de voorspelling lopen van {} tot {}",
    # Notes on a result
    "a trained model was named": "er is een getraind model genoemd",
    "forecast by the {} model, as {}": "voorspeld met het model {}, want {}",
    "the forecasts of meters and sums do not add up: {}": (
        "de voorspellingen van meters en sommen sluiten niet op elkaar aan: {}"
    ),
    "the hierarchy has more than {} nodes: meters are forecast alone, without their sums": (
        "de hiërarchie heeft meer dan {} knooppunten: meters zijn los voorspeld, zonder hun sommen"
    ),
    "the horizon is longer than a week (last week counts beside it as far as it did better: there are less "
    "than two years)": (
        "de termijn is langer dan een week (vorige week telt mee voor zover die het beter deed: er zijn "
        "minder dan twee jaar)"
    ),
    "there is no what-if: {}": "er is geen wat-als: {}",
    "there is too little history for a backtest: the quantiles are not calibrated, nothing is scored": (
        "er is te weinig historie voor een terugtoets: de kwantielen zijn niet gekalibreerd, niets is "
        "gescoord"
    ),
    "there is too little history for a backtest: the quantiles are not calibrated, nothing is scored ({})": (
        "er is te weinig historie voor een terugtoets: de kwantielen zijn niet gekalibreerd, niets is "
        "gescoord ({})"
    ),
    "too few days came after the model's training for a backtest: its quantiles are as it gives them": (
        "na de training van het model kwamen te weinig dagen voor een terugtoets: de kwantielen zijn zoals "
        "het ze geeft"
    ),
}
