-- Networks of containers; the commands stand in scripts/network/.
return { summary = "Make, list, join and draw networks", group = true }
